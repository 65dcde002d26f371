"""Commands that ask whether files are still the same."""
