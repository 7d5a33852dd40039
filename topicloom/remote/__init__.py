"""One object store: addresses, objects that are put whole or not at all, and leases. It knows no project."""
