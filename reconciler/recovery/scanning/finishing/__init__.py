"""What all that was kept and read comes to: the parts of a scan, and its record, written last."""
