"""The state server's storage: a platform in a database, SQLite's or PostgreSQL's."""
