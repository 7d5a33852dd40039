"""Neighbours and layouts: where papers lie."""
