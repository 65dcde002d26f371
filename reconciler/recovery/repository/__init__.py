"""The folder or bucket in which scans, snapshots and findings are kept."""
