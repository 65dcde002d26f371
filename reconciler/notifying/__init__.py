"""Notifications of a watch: what a destination was not told yet, when it is told, and how."""
