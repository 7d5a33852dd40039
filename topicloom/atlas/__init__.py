"""Topics described for people: names, a tree, colours, trends."""
