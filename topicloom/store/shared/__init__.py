"""A project that lies in an object store: what of it is there, and what of it is in the local mirror."""
