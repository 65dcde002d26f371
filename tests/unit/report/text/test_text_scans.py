"""What `scan` says of how scans ended, in every format."""

import json

import msgspec
import pytest

from reconciler.recovery.scanning import outcome
from reconciler.recovery.scanning.outcome import Estimate, Scanned
from reconciler.recovery.values import Counts, LeftOut, Root, Scan, Unproved
from reconciler.report import json as in_json
from reconciler.report import markdown, text
from reconciler.report.sentences import scans as told
from reconciler.report.style import UNBOUNDED, Style

NARROW = Style(width=60)
COUNTS = Counts(
    1_234_570,
    {"file": 1_234_567, "link": 3},
    {"kept": 1_234_000, "read": 567},
    80 << 40,
    3 << 30,
    1_790_000_000,
    (LeftOut(".snapshot/", folders=1),),
)


def recorded(**more):
    values = {
        "format_version": 1,
        "id": "20261129-020000-000-abcdef",
        "place": "local:file:///data/nas",
        "storage_id": "1",
        "name": "nas",
        "root": Root("folder", "file:///data/nas"),
        "started_at": "2026-11-29T02:00:00.000Z",
        "ended_at": "2026-11-29T02:10:00.000Z",
        "excluded": (".snapshot/",),
        "complete": True,
        "unproved": (),
        "counts": COUNTS,
        "contents": "c" * 64,
        "stamps": "5" * 64,
        "tool_version": "1.2.3",
        "host": "host",
    }
    return Scan(**{**values, **more})


def results():
    unproved = tuple(
        Unproved(f"x{i}".encode(), "EIO", f"x{i} could not be read: EIO") for i in range(7)
    )
    return [
        Scanned("nas", scan=recorded(), files_read=567, bytes_read=3 << 30, files_kept=1_234_000),
        Scanned(
            "nas 2", outcome.INCOMPLETE, "A part of it could not be read",
            recorded(complete=False, unproved=unproved), files_read=2, bytes_read=10,
            went_on_from="2026-11-28T02:00:00.123Z", files_kept=12,
            altered=1, altered_first=[b"raw/\xff.tif"], repository="'proofs'",
            alike=9, alike_first=[(b"A%d" % i, b"a%d" % i) for i in range(9)],
            notes=[("Everything is read, as no earlier hash may be kept: the file system cifs may "
                   "change inodes, or keep no time of the last change")],
        ),
        Scanned("raw", outcome.UNFINISHED, "--max-bytes left no room for 7 files: run it again, "
                "and it goes on", files_read=20, bytes_read=1 << 20),
        Scanned("away", outcome.NOT_REACHABLE, "file:///data/away is not mounted"),
        Scanned("last", outcome.NOT_BEGUN, "The time was over before its turn came"),
    ]  # fmt: skip


def test_on_a_terminal(golden):
    golden("scans.txt", text.scanned(results()))
    golden("scans-60.txt", text.scanned(results(), NARROW))


def test_narrow_lines_fit():
    told = text.scanned(results(), NARROW).splitlines()
    assert max(len(line) for line in told if "`" not in line) <= 60  # a command stays whole


def test_quiet_tells_what_is_not_complete(golden):
    golden("scans-quiet.txt", text.scanned(results(), Style(verbosity=-1)))


def test_into_a_pipe_each_storage_is_a_line():
    lines = text.scanned(results(), Style(width=UNBOUNDED, records=True)).splitlines()
    assert len(lines) == len(results()) + 2
    assert lines[3].startswith("away: not reachable  file:///data/away is not mounted.")


def test_in_markdown(golden):
    golden("scans.md", markdown.scanned(results()))


def test_in_json(golden):
    written = in_json.scanned(results())
    golden("scans.json", written)
    document = json.loads(written)
    assert document["complete"] is False
    assert document["scans"][1]["altered"] == {"count": 1, "first": ["raw/\\xff.tif"]}
    assert json.loads(in_json.scanned(results()[:1]))["complete"] is True
    assert json.loads(in_json.scanned([]))["complete"] is False


def test_nothing_scanned_is_no_success():
    assert text.scanned([]) == "Nothing was scanned: there is no storage.\n"
    assert text.scanned(results()[:1]).endswith(
        "\nScan: 1 storage, complete; nothing is known of what was left out of nas.\n"
    )


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1023 * 1024, "1.0 MiB"), (1 << 30, "1.0 GiB"),
     (102_400, "100 KiB"), (80 << 40, "80.0 TiB"), (5000 << 50, "5000 PiB")],
)  # fmt: skip
def test_amounts(size, said):
    assert told.amount(size) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "1 s"), (89, "89 s"), (120, "2 min"), (3 * 3600, "3 h"), (47 * 3600, "47 h"),
     (10 * 86400, "10 days")],
)  # fmt: skip
def test_times(seconds, said):
    assert told.lasting(seconds) == said


ESTIMATE = Estimate(1200, 5 << 30, seconds=52, rate=100 << 20)


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (
            ESTIMATE,
            (
                "nas: 1,200 files, 5.0 GiB, as was just counted; to read all of it takes about 52 "
                "s, at 100 MiB a second."
            ),
        ),
        (
            msgspec.structs.replace(
                ESTIMATE, since="2026-11-20T02:00:00.000Z", rate_is_assumed=False, requests=1202
            ),
            (
                "nas: 1,200 files, 5.0 GiB, by the scan of 2026-11-20; 1,202 requests if all is "
                "read; to read all of it takes about 52 s."
            ),
        ),
        (
            msgspec.structs.replace(ESTIMATE, shards=4, rate_is_assumed=False),
            (
                "nas: 1,200 files, 5.0 GiB, as was just counted; to read one of 4 shares of it "
                "takes about 52 s."
            ),
        ),
        (
            msgspec.structs.replace(ESTIMATE, since="2026-11-20T02:00:00.000Z", all_read=False),
            (
                "nas: 1,200 files, 5.0 GiB, by the scan of 2026-11-20; about 52 s to look for what "
                "has changed, and the time to read that."
            ),
        ),
        (
            Estimate(2, 9, "2026-11-20T02:00:00.000Z", all_read=False, seconds=5, due=True),
            (
                "nas: 2 files, 9 B, by the scan of 2026-11-20; about 5 s to look for what has "
                "changed, and the time to read that, and what is due."
            ),
        ),
    ],
)
def test_estimates(estimate, said):
    assert told.estimated("nas", estimate) == said


def test_what_is_no_file_is_counted_by_what_it_is():
    kinds = {"file": 1, "link": 2, "pipe": 1, "unreadable": 2}
    one = Scanned("nas", scan=recorded(counts=Counts(6, kinds)))
    assert told.facts(one)[:2] == ["1 file, 0 B", "also 2 links, 1 pipe, 2 unreadable"]


def test_what_is_gone_or_was_written_is_told_with_what_to_do():
    told = Scanned("nas", repository="'/my proofs'", missing=7)
    told.missing_first = [f"m{i}".encode() for i in range(7)]
    told.deleted, told.deleted_first = 1, [b"d\xff"]
    told.changed, told.changed_first = 2, [b"c1", b"c2"]
    lines = text.scanned([told], Style(width=UNBOUNDED)).splitlines()
    assert [line.strip().partition(". ")[0] for line in lines[1:4]] == [
        "7 files missing, from folders that could be read: m0, m1, m2, m3, m4 and 2 more",
        "1 object deleted, with a version that is still there: d\\xff",
        "2 files written since the last scan, though settled then: c1, c2",
    ]
    verify = "`reconciler verify '/my proofs'"
    assert f"{verify} --accept nas PATH`" in lines[1]
    assert f"{verify} --explain nas 'd\\xff'` names back to its key" in lines[2]
    assert f"{verify} --explain nas c1` says where" in lines[3]
    assert lines[-1] == "FINDINGS: 7 missing, 1 deleted. Scan: 1 storage, complete."
    quiet = text.scanned([told], Style(verbosity=-1)).splitlines()
    assert quiet[-1].startswith("FINDINGS: 7 missing, 1 deleted.")
    unseen = Scanned("nas", repository="p", unseen=1, unseen_first=[b"u"])
    lines = text.scanned([unseen], Style(width=UNBOUNDED)).splitlines()
    assert "1 file found damaged or gone before, and not seen by this scan: u. " in lines[1]
    assert lines[-1].startswith("FINDINGS: 1 found before and not seen now. Scan: ")
    document = json.loads(in_json.scanned([told]))["scans"][0]
    assert document["deleted"] == {"count": 1, "first": ["d\\xff"]}
    assert (document["missing"]["count"], document["changed"]["count"]) == (7, 2)


def test_what_a_limit_left_unread_is_told_as_a_number():
    kinds = {"file": 1, "unreadable": 3}
    one = Scanned("nas", outcome.INCOMPLETE, "A limit", scan=recorded(counts=Counts(4, kinds)))
    one.unread, one.scan = (
        2,
        msgspec.structs.replace(
            one.scan, unproved=(Unproved(b"a", "limit", "a was not read yet: limit"),)
        ),
    )
    assert told.facts(one)[1] == "also 1 unreadable, 2 not read yet"
    assert told.notes(one) == ["A limit."]
