"""Footage in: finite files, their time line, sampling, the one resize, rendered scenes."""
