"""Tables of records: how rows come out of a file, and which column is which field."""
