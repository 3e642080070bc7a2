"""Removing burned-in text from a picture with classical image processing, on the CPU."""
