"""The studio behind app.py: a ComfyUI client, workflows as data, durable jobs and a page."""

__version__ = "0.1.0"
