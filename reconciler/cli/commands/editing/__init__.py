"""The commands that help whoever writes a manifest: they know of no platform."""
