"""What a watch tells over HTTP: how things stand, as JSON and as numbers; and a poke."""
