"""How a watch may stand: values with everything in them that its page shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.watching.conditions import Condition, Lasting
from reconciler.watching.course import Point
from reconciler.watching.status import Status
from reconciler.watching.survey import Difference, Finding, Proof, Removal, Run, Side, Storage

DAY = 86_400
_HOLDS = (
    "'scratch-2023' holds files: the platform's records of them would be lost. If that is meant, "
    "say `removed: [{name: scratch-2023, id: st-1f, holds_files: true}]`"
)


def ago(seconds: float, now: datetime | None = None) -> str:
    """Return a moment so long before now."""
    return timestamp((now or utc_now()) - timedelta(seconds=seconds), "seconds")


def calm(now: datetime | None = None) -> Status:
    """Return a status in which all is as declared, and no file was ever read."""
    return Status(
        format_version=1,
        tool_version="0.1.0",
        at=ago(0, now),
        started_at=ago(3 * DAY, now),
        interval=300.0,
        platform="https://storages.example.org",
        looked_at=ago(40, now),
        seconds=0.5,
        tried_at=ago(40, now),
        rounds=860,
        declared=2,
        live=2,
        storages=(storage("nas"), storage("raw")),
        runs=(),
        course=(Point(ago(40, now), 0),),
    )


def storage(name: str, standing: str = "declared", proof: Proof | None = None) -> Storage:
    """Return a storage in a folder of its name."""
    place = f"local:file:///data/{name}"
    return Storage(
        name,
        f"Label of {name}",
        "local",
        f"file:///data/{name}",
        place,
        standing,
        f"id-{name}",
        proof,
    )


def proof(place: str, now: datetime | None = None, **changes: object) -> Proof:
    """Return what is known of 1,200 files of which most were proved."""
    known = Proof(
        place,
        30 * DAY,
        scanned_at=ago(7_200, now),
        files=1_200,
        bytes=48 * 1024**3,
        proved=1_200,
        attested=0,
        oldest=ago(12 * DAY, now),
        verdict="proved",
    )
    return replace(known, **changes)


def eventful(now: datetime | None = None) -> Status:
    """Return a status in which much is wrong, and there is something of everything."""
    late = "300 files (12 GiB) longer ago than 30 days"
    nas = proof(
        "nas", now, proved=900, oldest=ago(44 * DAY, now), verdict="not_proved", reasons=(late,)
    )
    raw = proof("raw", now, attested=400)
    bad = proof("results", now, verdict="wrong", reasons=("1 damaged, and not accepted",))
    lasting = (
        _lasting(
            now,
            "blocked",
            "scratch-2023",
            "holds_files",
            _HOLDS,
        ),
        _lasting(now, "drift", "nas", "changed", "'nas': not as declared"),
        _lasting(now, "drift", "models", "missing", "'models': declared, but not live"),
        _lasting(
            now,
            "drift",
            "scratch-2023",
            "not_removed",
            "'scratch-2023': named in `removed:`, but still live",
        ),
        _lasting(now, "finding", "results", "damaged", "'results': 1 damaged, and not accepted"),
        _lasting(now, "not_pulled", "", "", "the remote can't be reached"),
        _lasting(now, "overdue", "nas", "", "'nas': 300 files proved longer ago than 30 days"),
    )
    storages = (
        storage("models", "missing"),
        storage("nas", "changed", nas),
        storage("raw", proof=raw),
        storage("results", proof=bad),
        storage("scratch-2023", "not_removed"),
    )
    differences = (
        Difference("changed", "nas", sides=(Side("label", "NAS, building 3", "NAS, building 7"),)),
        Difference(
            "missing",
            "models",
            sides=(Side("label", None, "Models"), Side("default_url", None, "s3://lab-models")),
        ),
        Difference(
            "not_removed",
            "scratch-2023",
            sides=(
                Side("label", "Scratch", None),
                Side("default_url", "file:///data/scratch-2023", None),
            ),
        ),
    )
    return replace(
        calm(now),
        commit="3f2a91c07be5d6a1",
        failures=2,
        declared=4,
        live=4,
        digest="sha256:" + "5e" * 32,
        applied_at=ago(9_000, now),
        applied_code=0,
        scanned_at=ago(7_200, now),
        scanned_code=7,
        oldest_proof=ago(44 * DAY, now),
        scans=True,
        knows_files=True,
        lasting=lasting,
        storages=storages,
        differences=differences,
        findings=(
            Finding(
                "results",
                "2026/plate-07.tif",
                "damaged",
                ago(7_200, now),
                "reconciler verify ./proofs --explain results 2026/plate-07.tif",
            ),
        ),
        runs=_runs(now),
        course=_course(now),
    )


def large(number: int, now: datetime | None = None) -> Status:
    """Return a status of very many storages, of which one in ten is not live."""
    names = [f"raw-{n:05}" for n in range(number)]
    storages = tuple(
        storage(name, "missing" if n % 10 == 7 else "declared", proof(name, now))
        for n, name in enumerate(names)
    )
    lasting = tuple(
        _lasting(now, "drift", one.name, "missing", f"'{one.name}': declared, but not live")
        for one in storages
        if one.standing == "missing"
    )
    return replace(
        calm(now), declared=number, live=number - len(lasting), storages=storages, lasting=lasting
    )


def _lasting(now: datetime | None, kind: str, name: str, code: str, message: str) -> Lasting:
    return Lasting(Condition(kind, name, code, message), ago(5_400, now))


def _runs(now: datetime | None) -> tuple[Run, ...]:
    by = {
        "actor": "ada",
        "host": "ci-3",
        "commit": "3f2a91c07be5d6a1",
        "job": "https://ci.example.org/jobs/4711",
    }
    removed = (Removal("scratch-2022", "done", "Scratch", "file:///data/scratch-2022"),)
    return (
        Run(
            "20261130-060102-640-c7d9ea",
            "ended",
            ago(9_030, now),
            ago(9_000, now),
            0,
            **by,
            done="2 operations: 2 done.",
            removals=removed,
            removed=1,
        ),
        Run(
            "20261129-101500-120-a1b2c3",
            "ended",
            ago(95_000, now),
            ago(94_990, now),
            5,
            **by,
            done="3 operations: 2 done, 1 failed.",
        ),
    )


def _course(now: datetime | None) -> tuple[Point, ...]:
    drifted = [0] * 20 + [1] * 14 + [None] * 3 + [4, 4, 4, 2, 0, 0, 0, 0] + [1] * 6 + [3] * 9
    proved = [1.0] * 12 + [0.9] * 9 + [0.86] * 12 + [0.94] * 15 + [0.92] * 12
    return tuple(
        Point(ago(3 * DAY - 4_320 * n, now), drift, 3_600, round(3_600 * share))
        for n, (drift, share) in enumerate(zip(drifted, proved, strict=True))
    )
