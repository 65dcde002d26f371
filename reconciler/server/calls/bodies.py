"""What several answers have in their bodies."""

from __future__ import annotations

from reconciler.lease.contract import Lease


def lease_json(lease: Lease) -> dict[str, str | int]:
    """Show a lease."""
    holder = lease.holder
    return {
        "fence": lease.fence,
        "owner": holder.owner,
        "host": holder.host,
        "job_url": holder.job_url,
        "reason": holder.reason,
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
    }
