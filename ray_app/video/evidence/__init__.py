"""The pictures kept of a situation, people unrecognisable in all of them."""
