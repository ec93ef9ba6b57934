"""Vigie: situations, not people, from event cameras and drones."""
