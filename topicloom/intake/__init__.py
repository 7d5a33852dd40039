"""The door: exports of bibliographic databases become a project, and later exports come in."""
