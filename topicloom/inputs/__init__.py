"""What a project gives: papers, texts, embeddings."""
