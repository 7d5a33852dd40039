"""The files that readers know."""
