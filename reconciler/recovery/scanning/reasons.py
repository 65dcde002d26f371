"""What is told of a scan in sentences: why it is not complete, and what became of what is known."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.printable import listed, quoted
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.scanning.known.own import FRESH
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.reading.crew import Brought
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.values import Root, Scan

ENDED = "It was ended before everything was read: run it again, and it goes on"
_NOTHING = "0 files were read to their end, so that the next run begins where this one did: "
_MORE = "give it more time (--max-duration), or let it read faster (--limit-rate, --workers)"
AGAIN = "Another scan of this storage ended meanwhile, so that it was listed once more after that"
OVERTAKEN = (
    "Other scans of this storage ended again and again while it was read, and a scan is made of "
    "what the last one knows: this one does not count. Run it again when no other one runs"
)

SHARD_OVERTAKEN = (
    "Another scan of this storage ended while its shards were read, so that they count no more: "
    "run all of them again"
)


def ended(brought: Brought, *, asked: bool) -> str:
    """Say that a scan was ended before everything was read; `asked`: by somebody, not a limit.

    A run that finishes no file is no progress, however often it is run.
    """
    if brought.files:
        return ENDED
    return _NOTHING + ("give it the time that its largest file needs" if asked else _MORE)


def no_progress(brought: Brought) -> list[str]:
    """Say that a limit of time ended the reading before any file was read to its end, if so."""
    return [_NOTHING + _MORE] if brought.cut_short and not brought.files else []


def behind(last: Scan) -> str:
    """Say that a clock is wrong."""
    return (
        f"The clock of this machine is behind the last scan, {last.id}, which began at "
        f"{last.started_at}: set it right, for the next scans would be taken for earlier ones. If "
        "the clock of that scan was ahead, remove its record (`scans/…` in the repository), and "
        "the snapshots that have it, and scan with --accept-loss NAME"
    )


def outdated(listed_at: str, known: str) -> str:
    """Say that a list is older than what is known."""
    return (
        f"The list was made at {listed_at}, and what is known of the storage is of {known}: by an "
        "older list what came since would look as if it had gone. Give the next one, or leave it "
        "out"
    )


def listed_then(listed_at: str) -> str:
    """Say of when a list is."""
    return (
        f"Listed by an S3 Inventory of {listed_at}: what came since is not known, and what was not "
        "read in this scan may have been written over or removed since"
    )


def unsure(keys: int) -> list[str]:
    """Say that a list does not tell of some keys which version is there."""
    of = "1 key" if keys == 1 else f"{keys:,} keys"
    told = (
        f"The list does not say of {of} which version is the current one: it is not whole. What "
        "earlier scans know of them was asked for, and more is not known"
    )
    return [told] if keys else []


def apart(scans: Sequence[str]) -> str:
    """Say that there are scans which the last one knew nothing of."""
    number = f"the scan {scans[0]}" if len(scans) == 1 else f"{len(scans):,} scans"
    return (
        f"The last scan was made apart from {number}, as in a copy of the repository that was put "
        "together with it again: what they knew is held against what is there, too"
    )


def lost(scans: Sequence[str], repository: str) -> str:
    """Say that something is lost of what scans knew, and what to do.

    `repository` is its address, as it gives it of itself.
    """
    number = f"the scan {scans[0]}" if len(scans) == 1 else f"{len(scans):,} scans"
    return (
        f"Not all is known any more that {number} knew of what files should be: a part is corrupt, "
        f"or lost (`reconciler snapshot check {in_shell(repository)}` names it). Restore it from "
        "another copy of the repository, and scan again; if there is none, --accept-loss NAME goes "
        "on without"
    )


def in_doubt(number: int) -> str:
    """Say that reports have other bytes of so many files than the last scan, and what to do."""
    what, they = ("1 file", "it") if number == 1 else (f"{number:,} files", "them")
    return (
        f"Reports of the cloud have other bytes of {what} than were recorded, and nobody has read "
        f"{they} since: scan it again, with room to read {they}"
    )


def doubts_lost(why: str) -> str:
    """Say that nobody knows any more which files reports doubt, and what to do."""
    return (
        "Which files reports of the cloud doubt, and nobody has read yet, is not known any more "
        f"({why}). Restore it from another copy of the repository, or give the reports again with "
        "--accept-loss NAME; once --full has read everything, it is over as well"
    )


def not_looked(reports: Sequence[str]) -> str:
    """Say that runs were ended before all was kept that reports of these digests say."""
    digests = listed([f"sha256:{digest[:12]}" for digest in reports], str)
    what = "the report" if len(reports) == 1 else "the reports"
    return (
        f"A scan was ended before all was kept that {what} of the cloud had told it (manifest "
        f"{digests}), so that nobody knows which files that doubts. Give it again, or go on "
        "without by --accept-loss NAME; once --full has read everything, it is over as well"
    )


def markers(root: Root, now: int, then: int, repository: str) -> list[str]:
    """Say that so many markers lie at a root `now`, where one is usual, and `then` others did.

    `repository` is its address, as it gives it of itself.
    """
    told = []
    if now > 1:
        known = f"known again by {quoted(root.marker)} alone" if root.marker else "known by none"
        told.append(
            f"{now} markers (*.jetraw-storage) lie at its root, and it is {known}: look which "
            "storages of Jetraw were made there"
        )
    if then > now:
        told.append(
            f"{then} markers (*.jetraw-storage) lay at its root at the last scan, and {now} now: "
            f"`reconciler verify {in_shell(repository)} --against` names what is gone, once there "
            "are snapshots"
        )
    return told


def distrusted(why: str, wish: Wish) -> str:
    """Say what comes of it that a file system keeps no times or inodes that could be trusted."""
    if wish.every is not None:
        return f"Hashes are kept by size and time of the last write alone: {why}"
    return f"Everything is read, as no earlier hash may be kept: {why}"


def aged(began: str) -> str:
    """Say that a part of what the earlier runs of a scan had read does not count any more."""
    return (
        f"What the scan that began at {began[:19]}Z had read more than {FRESH.days} days ago was "
        "read again"
    )


UNLISTED = (
    "The listing of the bucket leaves out files that are there, so that new ones may not be seen"
)


def no_room(brought: Brought) -> str:
    """Say that a budget was too small for one run."""
    told = f"--max-bytes left no room for {_files(brought.no_room)}: run it again, and it goes on"
    return told + too_large(brought)


def too_large(brought: Brought) -> str:
    """Say that no run will have room for some files; empty if there are none."""
    if not brought.too_large:
        return ""
    return f"; larger than --max-bytes itself, and so never read: {brought.too_large:,}"


def incomplete(scan: Scan, unread: int, brought: Brought) -> str:
    """Say what a scan lacks: `unread` files are new or show a change, and a limit left no room."""
    if all(part.is_unlisted for part in scan.unproved):
        return UNLISTED
    if not unread:
        return "A part of it could not be read"
    what = "is new or shows a change" if unread == 1 else "are new or show a change"
    return f"A limit left no room for {_files(unread)} that {what}" + too_large(brought)


def not_kept_up(count: int) -> str:
    """Say that a limit left no room for what is due."""
    verb = "is" if count == 1 else "are"
    return f"A limit left no room for {_files(count)} that {verb} due: they come first next time"


def many_gone(number: int) -> str:
    """Say that so many files were gone when they were to be read that nobody believes it."""
    return (
        f"{number:,} files were listed and then gone, too many to be believed at once: run it again"
    )


def never_again(count: int) -> str:
    """Say that no run will have room for what is due."""
    verb = "is" if count == 1 else "are"
    return f"{_files(count)} that {verb} due {verb} larger than --max-bytes, and so never read"


def shards_left(shard: Shard, left: Sequence[Shard], *, follows: bool) -> str:
    """Say that a shard was read, and which others were not; empty if all were.

    `follows` is whether a scan of the storage has its record already, which this one follows.
    """
    if not left:
        return ""
    others = listed([str(other) for other in left], str)
    verb = "is" if len(left) == 1 else "are"
    first = ""
    if follows and len(left) == shard.of - 1:
        first = "It is the first one of a new scan, as the last scan is finished. "
    return (
        f"Shard {shard} was read; {others} {verb} not yet. {first}Whichever is the last one "
        "finishes the scan; without --shard, any scan reads what is left, and finishes it"
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
