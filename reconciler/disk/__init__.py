"""What outlasts a power cut (whole files, lines of JSON), SQLite files, and links on a way."""
