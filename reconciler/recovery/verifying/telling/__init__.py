"""What is told of a comparison: when it began, to whom, and what is written of it."""
