"""The sentences that all reports share."""
