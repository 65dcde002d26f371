"""What earlier scans and runs know, and which hashes are kept."""
