"""Speech of the preview engine: eSpeak NG reads, a NumPy vocoder shapes it after a reference."""
