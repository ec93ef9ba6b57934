"""Plays many days of an event on all cores, and puts the answer before a planner."""
