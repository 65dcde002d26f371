"""What a command writes to: streams, pipes, terminals."""
