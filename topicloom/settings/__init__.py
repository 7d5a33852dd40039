"""What a person asks for: settings files and projects' configs."""
