"""Back-fill: a manifest of footage into observations, observations into events."""
