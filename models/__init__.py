"""The networks: one file each, one table of names."""
