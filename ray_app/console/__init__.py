"""The HTTP API and the live page: what people and systems see and say of a live site."""
