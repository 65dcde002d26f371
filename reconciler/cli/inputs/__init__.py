"""What a command works on."""
