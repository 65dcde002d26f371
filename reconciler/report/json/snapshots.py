"""`snapshot` as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from reconciler.recovery.paths import shown
from reconciler.recovery.repository.address import bare
from reconciler.recovery.snapshots.checking.check import Checked
from reconciler.recovery.snapshots.document import Contents, Kept, SnapshotStorage
from reconciler.recovery.snapshots.listing import Overview
from reconciler.recovery.snapshots.pruned import Pruned
from reconciler.report.documents import of_fields
from reconciler.report.json.scans import counted, reported
from reconciler.report.sentences.recovery import snapshots as told
from reconciler.report.style import PLAIN, Style


def snapshot(kept: Kept, _style: Style = PLAIN) -> str:
    """Return one snapshot with its digest, as `snapshot.json` has it but for escaped paths."""
    fields = {name: getattr(kept.snapshot, name) for name in kept.snapshot.__struct_fields__}
    del fields["format_version"], fields["seal"]
    fields["storages"] = [_storage(storage) for storage in kept.snapshot.storages]
    return of_fields(digest=kept.digest, **fields)


def overview(overview: Overview, _style: Style = PLAIN) -> str:
    """List snapshots, the newest first."""
    return of_fields(
        repository=bare(overview.repository),
        snapshots=[
            {
                **_brief(kept),
                "lineage": kept.snapshot.lineage,
                "serial": kept.snapshot.serial,
                "platform": kept.snapshot.platform,
                "storages": len(kept.snapshot.storages),
                "verified": overview.verified.get(kept.snapshot.id),
                **_by_cloud(kept.snapshot.storages),
            }
            for kept in reversed(overview.kept)
        ],
        damaged=overview.damaged,
    )


def checked(checked: Checked, _style: Style = PLAIN) -> str:
    """Return what a check found; `sound` is whether nothing is wrong with anything."""
    return of_fields(
        sound=not checked.problems,
        expected=checked.expected,
        parts=checked.parts,
        bytes=checked.bytes,
        snapshots=[
            {**_brief(kept), "sound": checked.sound(kept.snapshot.id)} for kept in checked.snapshots
        ],
        problems=checked.problems,
    )


def pruned(pruned: Pruned, _style: Style = PLAIN) -> str:
    """Return what was removed, or would be; `done` says which."""
    names = ("scans_kept", "scans_removed", "parts_kept", "parts_waiting", "bytes_waiting")
    more = ("parts_removed", "bytes_removed", "remains")
    return of_fields(
        done=pruned.done,
        snapshots=[
            {**_brief(fate.kept), "kept": bool(fate.reasons), "reasons": fate.reasons}
            for fate in told.gone_last(pruned.snapshots)
        ],
        **{name: getattr(pruned, name) for name in (*names, *more)},
        again_after=pruned.again_after or None,
    )


def _brief(kept: Kept) -> dict[str, Any]:
    snapshot = kept.snapshot
    return {
        "id": snapshot.id,
        "digest": kept.digest,
        "created_at": snapshot.created_at,
        "complete": snapshot.complete,
    }


def _by_cloud(storages: Iterable[SnapshotStorage]) -> dict[str, Any]:
    """Return by which lists storages were listed, and which reports attest hashes of theirs."""
    each = [(one.name, one.contents) for one in storages if one.contents]
    return {
        "lists": [
            {"storage": name, "listed_at": contents.listed_at}
            for name, contents in each
            if contents.listed_at
        ],
        "reports": [
            {"storage": name, **report}
            for name, contents in each
            for report in reported(contents.reports)
        ],
    }


def _storage(storage: SnapshotStorage) -> dict[str, Any]:
    fields = {name: getattr(storage, name) for name in storage.__struct_fields__}
    return {**fields, "contents": _contents(storage.contents)}


def _contents(contents: Contents | None) -> dict[str, Any] | None:
    if contents is None:
        return None
    unproved = [
        {"path": shown(part.path), "reason": part.reason, "message": part.message}
        for part in contents.unproved
    ]
    fields: dict[str, Any] = msgspec.to_builtins(contents)
    more = {"counts": counted(contents.counts), "reports": reported(contents.reports)}
    return {**fields, "unproved": unproved, **more}
