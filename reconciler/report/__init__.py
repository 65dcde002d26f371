"""Plan or result -> text, JSON, Markdown: pure functions that return strings."""
