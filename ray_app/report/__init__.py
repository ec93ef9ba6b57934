"""The page a safety officer reads."""
