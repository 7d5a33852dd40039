"""Pickles read as descriptions: nothing that a pickle names is imported or called."""
