"""Pixels to metres, with an uncertainty: fixed cameras and drones."""
