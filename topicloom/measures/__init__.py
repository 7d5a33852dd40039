"""How good a result is: coherence, similarity, stability."""
