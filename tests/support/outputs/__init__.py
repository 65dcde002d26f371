"""What other programs see in our outputs: their own parsers, or ones written by their rules."""
