"""Settings chosen by evidence: many of them tried, measured, and compared."""
