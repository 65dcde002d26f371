"""What was found wrong, kept in a repository: first seen, last seen, resolved."""
