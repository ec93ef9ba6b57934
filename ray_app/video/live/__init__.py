"""Live streams: which may be opened, one reading thread per camera, the newest picture first."""
