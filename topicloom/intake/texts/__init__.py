"""Texts as a reader would want them: without markup, placeholders and notices, with the letters that were meant."""
