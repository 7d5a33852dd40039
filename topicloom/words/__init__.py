"""Text as integers: tokens, n-grams, counts, c-TF-IDF."""
