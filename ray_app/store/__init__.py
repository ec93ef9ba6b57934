"""Observations, readings, events and segments on disk."""
