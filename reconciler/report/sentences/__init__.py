"""What every report says in the same words, whatever it looks like."""
