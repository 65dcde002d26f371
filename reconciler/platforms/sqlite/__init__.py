"""The embedded platform: storages in one SQLite file, without a server or accounts."""
