"""The state server: a platform for teams, over HTTP."""
