"""What is told of a watch."""
