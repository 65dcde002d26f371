"""Making the storages of a snapshot again, on any platform, by the ordinary plan and apply."""
