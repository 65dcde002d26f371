"""HTTP itself: sockets, framing, limits, compression, logs."""
