"""How every shipped weight was made; run as `python -m models.training.NAME`."""
