"""Live on Ray Serve: cameras in, situations out."""
