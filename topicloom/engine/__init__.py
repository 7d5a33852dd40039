"""Where pieces of one stage's work are done: in this process, or by the workers of a Dask or Ray cluster."""
