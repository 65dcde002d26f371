"""The checkout of a manifest: what is asked of Git before it goes forward, and how git is run."""
