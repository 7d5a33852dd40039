"""Ours against the plain notebook code, side by side; `make bench` runs it."""
