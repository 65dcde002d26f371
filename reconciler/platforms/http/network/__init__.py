"""The way to the server: proxies, trust, connections, time limits."""
