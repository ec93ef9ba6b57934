"""The only home of Ray's private modules; held to ray 2.60 by tests."""
