"""Deployments, notifications, the local server."""
