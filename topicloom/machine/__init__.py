"""What this computer offers: threads, memory, compiled code."""
