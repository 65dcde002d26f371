"""The files of a folder: listed in the order of whole paths, and read; no link is followed."""
