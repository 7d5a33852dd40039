"""One file a stage: what it reads, what decides it, how it computes."""
