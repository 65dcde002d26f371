"""A state server's database on PostgreSQL, which several servers may share."""
