"""What outlasts a power cut: whole files, lines of JSON, and looking at a SQLite file."""
