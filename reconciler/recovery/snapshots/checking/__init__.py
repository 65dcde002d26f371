"""Whether what a repository holds is as it was written."""
