"""One apply at a time: leases, who keeps them alive, and where they are kept."""
