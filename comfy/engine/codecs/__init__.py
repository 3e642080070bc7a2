"""Reading and writing sound and video files by PyAV."""
