"""The command that stays."""
