"""What `snapshot` says, in every format: a golden file for each, to be read by people."""

from __future__ import annotations

import json

import msgspec
import pytest

from reconciler.recovery.snapshots.checking.check import Checked
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import (
    Contents,
    Inventory,
    Kept,
    Lacking,
    Made,
    PlatformTold,
    Snapshot,
    SnapshotStorage,
)
from reconciler.recovery.snapshots.listing import Damaged, Overview
from reconciler.recovery.snapshots.marks import Verified
from reconciler.recovery.snapshots.pruned import Fate, Pruned
from reconciler.recovery.values import Counts, LeftOut, Root, Unproved
from reconciler.report import json as in_json
from reconciler.report import markdown, text
from reconciler.report.style import UNBOUNDED, Style

WIDE = Style(width=120)
NARROW = Style(width=60)
RECORDS = Style(width=UNBOUNDED, records=True)
QUIET = Style(width=80, verbosity=-1)
VERBOSE = Style(width=UNBOUNDED, verbosity=1)
SUM = "ab" * 32


def contents(*, complete=True):
    unproved = () if complete else (Unproved(b"raw/\xff\n/", "EIO", "raw could not be read: EIO"),)
    counts = Counts(
        1_234_570,
        {"file": 1_234_567},
        {"read": 567},
        80 << 40,
        3 << 30,
        1_790_000_000,
        (LeftOut(".snapshot/", folders=1),),
    )
    return Contents(
        sha256=SUM,
        size=44_000_000,
        scan="20261128-020000-000-abcdef",
        started_at="2026-11-28T02:00:00.000Z",
        ended_at="2026-11-28T05:10:00.000Z",
        complete=complete,
        unproved=unproved,
        excluded=(".snapshot/",),
        counts=counts,
        root=Root("folder", "file:///data/nas"),
        tool_version="1.0.0",
        host="scanner",
    )


def storage(name, **more):
    values = {
        "id": f"id-{name}",
        "name": name,
        "label": "A label",
        "type": "local",
        "default_url": f"file:///data/{name}",
        "place": f"local:file:///data/{name}",
        "created_at": "2026-01-01T00:00:00Z",
        "spaces": None,
        "unmanaged": "",
        "inventory": Inventory(SUM, 749, 1_000, "2026-11-29T06:00:00Z"),
        "contents": None,
    }
    return SnapshotStorage(**{**values, **more})


def kept(day=29, *storages, complete_list=True, lacking=()):
    snapshot = Snapshot(
        format_version=1,
        id=f"202611{day:02}-060000-000-0123abcd",
        created_at=f"2026-11-{day:02}T06:00:00Z",
        lineage="cd" * 16,
        serial=day,
        previous=f"sha256:{SUM}",
        complete=not lacking,
        lacking=tuple(lacking),
        platform=PlatformTold("jetraw://lab", "platform-1", "ana@lab.example", complete_list),
        made=Made("1.0.0", "build-7", "ana", "20261129-060000-000-abcdef", "", ""),
        manifest_sha256=SUM,
        storages=storages or (storage("archive"), storage("nas", contents=contents())),
        seal=SUM,
    )
    return Kept(snapshot, f"sha256:{day:064}")


POOR = kept(
    29,
    storage("archive", inventory=None),
    storage("na\ns\u202e", contents=contents(complete=False)),
    storage("tape", type="tape", unmanaged="its type is 'tape'", place=""),
    complete_list=None,
    lacking=(
        Lacking("archive", "inventory", "its file records could not be read: no answer"),
        Lacking("na\ns\u202e", "contents", "its last scan could not list or read all of it"),
    ),
)
OVERVIEW = Overview(
    "'/srv/proofs'",
    (kept(27), kept(28), POOR),
    (Damaged("20261126-060000-000-0123abcd", "'snapshots/…' can't be used: it is corrupt"),),
    {kept(27).snapshot.id: Verified(1, f"sha256:{27:064}", "2026-11-27T22:00:00Z", "deep")},
)
SOUND = Checked("'/srv/proofs'", (kept(27), POOR), (), False, 7, 3 << 30)
EXPECTED = Checked("'/srv/proofs'", (kept(27),), (), True, 3, 12_345)
BROKEN = Checked(
    "'/srv/proofs'",
    (kept(27), kept(28)),
    (
        Problem("20261126-060000-000-0123abcd", "", "snapshot", "it is corrupt: it is no JSON"),
        Problem(kept(28).snapshot.id, "", "storages.yaml", "it is lost"),
        Problem(kept(28).snapshot.id, "na\ns", "contents", "'parts/ab/…' is not what was written"),
    ),
    False,
    7,
    3 << 30,
)


def pruned(*, done):
    return Pruned(
        repository="'/srv/proofs'",
        done=done,
        snapshots=(
            Fate(kept(26), ()),
            Fate(kept(27), ("last verified",)),
            Fate(kept(28), ("last complete", "daily", "monthly")),
            Fate(POOR, ("last",)),
        ),
        scans_kept=4,
        scans_removed=20,
        parts_kept=12,
        parts_waiting=31,
        bytes_waiting=3 << 30,
        parts_removed=2,
        bytes_removed=12_345,
        again_after="2026-11-29T07:00:00Z" if done else "",
        remains=1,
    )


NOTHING = Pruned("'/srv/proofs'", False, (Fate(kept(28), ("last",)),), 1, 0, 3, 0, 0, 0, 0, "", 0)

REPORTS = {
    "made": lambda told, style: told.snapshot(kept(), style),
    "made-poor": lambda told, style: told.snapshot(POOR, style),
    "listed": lambda told, style: told.overview(OVERVIEW, style),
    "listed-none": lambda told, style: told.overview(Overview("'/x'", (), (), {}), style),
    "checked": lambda told, style: told.checked(SOUND, style),
    "checked-expected": lambda told, style: told.checked(EXPECTED, style),
    "checked-broken": lambda told, style: told.checked(BROKEN, style),
    "prune": lambda told, style: told.pruned(pruned(done=False), style),
    "pruned": lambda told, style: told.pruned(pruned(done=True), style),
    "prune-nothing": lambda told, style: told.pruned(NOTHING, style),
}
LOOKS = {"": WIDE, "-60": NARROW, "-records": RECORDS, "-quiet": QUIET, "-verbose": VERBOSE}


@pytest.mark.parametrize("look", LOOKS)
def test_text(golden, look):
    told = [f"--- {name}\n{write(text, LOOKS[look])}" for name, write in REPORTS.items()]
    golden(f"snapshots{look}.txt", "\n".join(told))


def test_markdown(golden):
    golden("snapshots.md", "\n".join(write(markdown, WIDE) for write in REPORTS.values()))


@pytest.mark.parametrize("name", REPORTS)
def test_json_says_the_same_to_programs(name):
    told = json.loads(REPORTS[name](in_json, WIDE))
    assert told["format_version"] == 1


def test_json_of_a_snapshot_has_its_digest_and_escaped_paths():
    told = json.loads(in_json.snapshot(POOR))
    assert told["digest"] == POOR.digest
    assert told["storages"][1]["contents"]["unproved"][0]["path"] == "raw/\\xff\\n/"
    assert told["storages"][1]["contents"]["counts"]["oldest_proof"] == "2026-09-21T14:13:20Z"
    assert [each["what"] for each in told["lacking"]] == ["inventory", "contents"]
    assert "seal" not in told


def test_json_of_the_others_says_what_is_to_be_done():
    assert json.loads(in_json.checked(BROKEN))["sound"] is False
    assert len(json.loads(in_json.checked(BROKEN))["problems"]) == 3
    fates = json.loads(in_json.pruned(pruned(done=True)))["snapshots"]
    assert [each["kept"] for each in fates] == [True, True, True, False]
    listed = json.loads(in_json.overview(OVERVIEW))
    assert listed["snapshots"][2]["verified"]["method"] == "deep"
    assert len(listed["damaged"]) == 1


@pytest.mark.parametrize("style", [WIDE, NARROW, RECORDS, QUIET, VERBOSE])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_in_a_report_moves_the_cursor(name, style):
    for told in (text, markdown):
        report = REPORTS[name](told, style)
        assert "\u202e" not in report
        assert "na\ns" not in report


def test_a_verification_of_records_alone_is_listed_as_such():
    one = kept(29, storage("nas"))
    marks = {one.snapshot.id: Verified(1, one.digest, "2026-11-29T07:00:00Z", "inventories")}
    assert "2026-11-29, records only" in text.overview(Overview("r", (one,), (), marks), WIDE)


def test_keys_that_are_deleted_are_no_files_of_a_snapshot():
    counts = Counts(12, {"file": 7, "link": 1, "deleted": 4}, bytes=7)
    nas = storage("nas", contents=msgspec.structs.replace(contents(), counts=counts))
    assert "contents of 1 (8 files)" in text.snapshot(kept(29, nas), WIDE)
