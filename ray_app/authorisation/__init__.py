"""What may run, where and when."""
