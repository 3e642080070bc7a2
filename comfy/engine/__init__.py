"""The preview engine: a process that speaks ComfyUI's protocol, on a CPU."""
