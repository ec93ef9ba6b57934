"""Runs the production scaling policy on a planned event before it happens."""
