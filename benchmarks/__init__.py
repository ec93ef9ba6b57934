"""Benchmarks: each prints a table, writes JSON, and compares within one run."""
