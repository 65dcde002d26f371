"""What `verify` does beside comparing, and which of its options mean something together."""
