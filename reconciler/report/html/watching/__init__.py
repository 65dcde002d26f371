"""The page of a watch: how things stand, as a value, and as HTML that refreshes itself."""
