"""Scans, snapshots and verifications as their users see them."""
