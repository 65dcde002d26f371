"""The bytes of files: read once, and hashed on the way."""
