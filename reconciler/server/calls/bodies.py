"""What several answers have in their bodies."""

from __future__ import annotations

from msgspec.structs import asdict

from reconciler.lease.contract import Lease


def lease_json(lease: Lease) -> dict[str, str | int]:
    """Return a lease as clients see it."""
    return {
        "fence": lease.fence,
        **asdict(lease.holder),
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
    }
