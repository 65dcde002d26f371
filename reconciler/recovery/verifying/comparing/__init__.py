"""What it means that something differs: pure, but for the file in which findings wait."""
