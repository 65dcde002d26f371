"""Reconciler: storages as code for Jetraw."""

__version__ = "0.1.0"
