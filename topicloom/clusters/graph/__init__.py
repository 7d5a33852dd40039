"""Topics from the neighbour graph: who is near to whom, without a layout in between."""
