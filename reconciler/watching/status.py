"""How things stand, as one value: what the page, the numbers and whoever asks are told."""

from __future__ import annotations

from msgspec import Struct

from reconciler.watching.conditions import Lasting
from reconciler.watching.course import Point
from reconciler.watching.survey import Difference, Finding, Run, Storage

FORMAT_VERSION = 1


class Destination(Struct, frozen=True):
    """How one of those fares who are notified. No secret in it, and no address."""

    #: What the watch's configuration calls it, and what kind of service it is.
    name: str
    service: str
    #: How many conditions it is not told of yet.
    waiting: int
    #: How many messages it took since the start, and when it took the last one.
    messages: int
    told_at: str
    #: How often in a row, and since when, it took none; and why.
    failures: int
    failing_since: str
    problem: str


class Status(Struct, frozen=True):
    """All that a watch knows at one moment; `schemas/status.schema.json` describes it as JSON.

    Times are RFC 3339, UTC; empty where there is none yet. No secret in it.
    """

    format_version: int
    tool_version: str
    #: When this was put together, and when the watch was started.
    at: str
    started_at: str
    #: Seconds from one round to the next.
    interval: float
    #: The address of the platform; empty as long as it was never read.
    platform: str = ""
    #: The commit of the manifest, where the watch pulls it.
    commit: str = ""
    #: When manifest and live were read last, and how long that took, in seconds; both are of the
    #: last time that it worked.
    looked_at: str = ""
    seconds: float = 0.0
    #: When it was last tried, whatever came of it.
    tried_at: str = ""
    #: How often it was tried, and how often it failed, since the start.
    rounds: int = 0
    failures: int = 0
    #: The digest of what would be done; empty if nothing would.
    digest: str = ""
    declared: int = 0
    live: int = 0
    #: When an apply last ended, and with which exit code; None if there was none since the start.
    applied_at: str = ""
    applied_code: int | None = None
    #: Until when the plan is left alone, since it could not be applied.
    paused_until: str = ""
    #: When a scan last ended, with which exit code, whether one runs now, and since when.
    scanned_at: str = ""
    scanned_code: int | None = None
    scanning: bool = False
    scanning_since: str = ""
    #: When the file was proved whose proof is the oldest of all.
    oldest_proof: str = ""
    #: What is not as it should be, and since when.
    lasting: tuple[Lasting, ...] = ()
    #: Whether it scans, and whether it knows what the scans in the repository have told.
    scans: bool = False
    knows_files: bool = False
    #: All that is live in scope, or declared; None: not read since the start.
    storages: tuple[Storage, ...] | None = None
    #: In what storages differ, as the last look saw it.
    differences: tuple[Difference, ...] = ()
    #: The first files of those that are wrong, as the last scan knows.
    findings: tuple[Finding, ...] = ()
    #: The newest runs, newest first; None: not read since the start.
    runs: tuple[Run, ...] | None = None
    #: How things stood since the start.
    course: tuple[Point, ...] = ()
    #: Who is notified of that.
    destinations: tuple[Destination, ...] = ()
