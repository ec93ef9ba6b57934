"""How many replicas and warm GPUs an event needs. Pure: Serve and the simulator run it alike."""
