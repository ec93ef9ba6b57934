"""Sinks that carry situations to people and systems."""
