"""The rows of each kind: one module for each table."""
