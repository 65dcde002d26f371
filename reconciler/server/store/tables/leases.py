"""The lease of a platform: one row, whose fence grows with every lease given out.

On PostgreSQL, locks are chosen so that a write under a lease and the lease's end have one order.
Renewing waits for no write, and neither does being told who holds the lease. Taking one that is
free, or giving one up, waits for the write that goes on under the one before; breaking one is a
write, and waits for the writes before it. Either ends after the 30 s that any lock is waited for.

On SQLite whoever writes has the whole file, so renewing waits too, for at most 30 s: for a merge
that takes longer, a lease has to run longer than that. An inventory of a million rows is merged
in some seconds.
"""

from __future__ import annotations

from reconciler.lease.contract import Holder, Lease
from reconciler.printable import quoted
from reconciler.server.store.refusals import LeasedError, SupersededError
from reconciler.server.store.session import Session, SqlRow, Writing, later, step
from reconciler.server.store.values import Author

_LEASE = (
    "SELECT fence, owner, host, job_url, reason, acquired_at, expires_at, account, ended, token "
    "FROM lease"
)
_ACQUIRE = (
    "UPDATE lease SET fence = ?, owner = ?, host = ?, job_url = ?, reason = ?, acquired_at = ?, "
    "expires_at = ?, account = ?, token = ?, ended = 0"
)
_RENEW = "UPDATE lease SET expires_at = ?"
_END = "UPDATE lease SET ended = 1"


def check_fence(session: Session, fence: int | None) -> None:
    """Raise `SupersededError` unless the lease with this fence is the current one; None passes."""
    if fence is not None and not _is_current(session.locked(_LEASE, "KEY SHARE")[0], fence):
        raise _superseded(fence)


def check_free(session: Session) -> None:
    """Raise `LeasedError` while somebody holds the lease."""
    _check_free(session.rows(_LEASE)[0], session.now())


def acquire(session: Session, holder: Holder, seconds: float, author: Author) -> Lease:
    """Take the lease; `LeasedError` while another holds it."""
    row = session.locked(_LEASE, "UPDATE")[0]
    now = session.now()
    _check_free(row, now)
    lease = Lease(row[0] + step(), holder, now, later(now, seconds))
    session.execute(
        _ACQUIRE, lease.fence, holder.owner, holder.host, holder.job_url, holder.reason,
        lease.acquired_at, lease.expires_at, author.account, author.token,
    )  # fmt: skip
    return lease


def renew(session: Session, fence: int, seconds: float, account: str, token: str) -> Lease:
    """Make the lease run `seconds` from now, and never shorter; only its token may."""
    row = session.locked(_LEASE, "NO KEY UPDATE")[0]
    if not _is_current(row, fence):
        raise _superseded(fence)
    _check_token(row, account, token)
    was = _lease(row)
    # The clock may have been set back since, or be that of another server.
    until = max(was.expires_at, later(session.now(), seconds))
    lease = Lease(fence, was.holder, was.acquired_at, until)
    session.execute(_RENEW, lease.expires_at)
    return lease


def release(session: Session, fence: int, account: str, token: str) -> None:
    """End the lease with this fence, if it is the current one; only the one who took it may."""
    row = session.locked(_LEASE, "UPDATE")[0]
    if _is_current(row, fence):
        _check_token(row, account, token)
        session.execute(_END)


def current(session: Session) -> Lease | None:
    """Return who holds the lease."""
    row = session.rows(_LEASE)[0]
    return _lease(row) if _is_held(row, session.now()) else None


def break_lease(writing: Writing, fence: int) -> bool:
    """End somebody else's lease, and write down whose it was."""
    row = writing.session.locked(_LEASE, "UPDATE")[0]
    if not _is_current(row, fence):
        return False
    writing.session.execute(_END)
    names = ("fence", "owner", "host", "job_url", "reason", "acquired_at", "expires_at", "account")
    writing.audit("lease_broken", before=dict(zip(names, row, strict=False)))
    return True


def _is_current(row: SqlRow, fence: int) -> bool:
    return bool(row[0] == fence and not row[8])


def _check_token(row: SqlRow, account: str, token: str) -> None:
    """Keep the lease for whoever took it: everybody can read the fence, so it proves nothing."""
    # A lease of before the second migration knows no token.
    if row[7] != account or row[9] not in ("", token):
        raise SupersededError(
            f"the lease with the fence {row[0]} was taken by another account, or with "
            "another token of the same name; to end it is to break it"
        )


def _check_free(row: SqlRow, now: str) -> None:
    if _is_held(row, now):
        lease = _lease(row)
        raise LeasedError(
            f"{quoted(lease.holder.owner)} holds the platform until {lease.expires_at}", lease
        )


def _is_held(row: SqlRow, now: str) -> bool:
    return not row[8] and row[6] > now


def _lease(row: SqlRow) -> Lease:
    fence, owner, host, job_url, reason, acquired_at, expires_at = row[:7]
    return Lease(fence, Holder(owner, host, job_url, reason), acquired_at, expires_at)


def _superseded(fence: int) -> SupersededError:
    return SupersededError(
        f"the lease with the fence {fence} is not the current one: it was given up, taken away, "
        "or somebody else has the next one"
    )
