"""A state server's database in one SQLite file."""
