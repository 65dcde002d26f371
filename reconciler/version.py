"""The version of this program, and nothing else: what everything may import."""

__version__ = "0.1.0"
