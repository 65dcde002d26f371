"""The story of one file, put together from all that is kept."""
