"""The topics of several analyses side by side."""
