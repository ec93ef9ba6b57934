"""What talking with the world outside takes: secrets by reference, allowed hosts, waits."""
