"""What can be signalled: one file per situation, none importing another."""
