"""What the server offers: one module for each kind of thing."""
