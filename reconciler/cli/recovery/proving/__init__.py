"""How often all is to be proved, as the manifest says it, and whether it is."""
