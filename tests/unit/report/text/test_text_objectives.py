"""Whether the objective is reached, in each format."""

from __future__ import annotations

import json

import jsonschema
import pytest

from reconciler.model import Objective
from reconciler.recovery.proving.results import Coverage, Much, Proved, StorageProved
from reconciler.recovery.values import LeftOut
from reconciler.recovery.verifying.results import Elsewhere
from reconciler.report import json as in_json
from reconciler.report import markdown, text
from reconciler.report.sentences.recovery.objectives import lasting
from reconciler.report.style import UNBOUNDED, Style
from reconciler.schemas import schema_text

DAY = 86_400
NOW = 1_795_000_000
MONTH, WEEK = Objective(), Objective(every=7 * DAY)


def storage(name, objective=MONTH, coverage=None, **more):
    more = {"scanned_at": "2026-11-18T02:00:00.000Z", "scan": "s1"} | more
    return StorageProved(name, f"local:/{name}", objective, coverage, **more)


NONE = Much()


def covered(late=NONE, never=NONE, days=12, **more):
    return Coverage(Much(1_200, 5 << 30), late, never, oldest=NOW - days * DAY, **more)


NAS = storage("nas", coverage=covered())
AWAY = storage(
    "nas-3",
    coverage=covered(Much(20, 1 << 20), days=46),
    scanned_at="2026-10-03T02:00:00.000Z",
    not_reachable_since="2026-10-04T02:00:00.000Z",
    not_reachable="file:///data/nas-3 is not mounted",
)


def results():
    never = StorageProved("new", "local:/new", WEEK)
    parts = storage(
        "parts",
        coverage=covered(never=Much(9, 90), unread=4, closed=1),
        left_out=(LeftOut("*.tmp", 3),),
    )
    rotten = storage("rotten", coverage=covered(), wrong={"damaged": 2})
    damaged = storage("s3", problem="the part 12 is corrupt", scan="", scanned_at="")
    others = (Elsewhere("moved", "file:///data/was", {"missing": 1}),)
    notes = ("No objective is declared for 'scratch'",)
    return Proved("'proofs'", NOW, (NAS, AWAY, never, parts, rotten, damaged), notes, others)


def test_in_text(golden):
    golden("objectives.txt", text.proved(results()))


def test_narrow_lines_fit(golden):
    narrow = text.proved(results(), Style(width=60))
    golden("objectives-60.txt", narrow)
    assert max(map(len, narrow.splitlines())) <= 60


def test_in_markdown(golden):
    golden("objectives.md", markdown.proved(results()))


def test_in_json(golden):
    written = in_json.proved(results())
    golden("objectives.json", written)
    document = json.loads(written)
    jsonschema.validate(document, json.loads(schema_text("objective")))
    assert document["verdict"] == "wrong"


def test_into_a_pipe_each_storage_is_a_line():
    lines = text.proved(results(), Style(width=UNBOUNDED, records=True)).splitlines()
    assert len(lines) == len(results().storages) + 5


def test_quiet_tells_what_is_not_proved():
    told = text.proved(Proved("'p'", NOW, (NAS, AWAY)), Style(verbosity=-1))
    assert told.startswith("nas-3: not proved")


MONTHLY = "proved within 30 days"
SHORT = "12 days ago, 2026-11-06"
LONG = "46 days ago, 2026-10-03"
NAS_3 = "nas-3 not since 2026-10-03: not reachable"


@pytest.mark.parametrize(
    ("storages", "said"),
    [
        ((), "Nothing has an objective."),
        (
            (NAS,),
            f"Proved: every byte of 1 of 1 storage {MONTHLY}; oldest proof {SHORT}.",
        ),
        (
            (NAS, AWAY),
            f"NOT PROVED: every byte of 1 of 2 storages {MONTHLY}; oldest proof {LONG}; {NAS_3}.",
        ),
    ],
)
def test_the_last_line_says_what_matters_most(storages, said):
    assert text.proved(Proved("'p'", NOW, storages), Style(width=500)).splitlines()[-1] == said


def test_a_storage_that_is_away_stays_proved_until_its_cycle_ends():
    away = storage("nas", coverage=covered(), not_reachable_since="2026-11-18T02:00:00.000Z")
    assert Proved("'p'", NOW, (away,)).verdict == "proved"


def test_proofs_of_a_time_that_has_not_come_yet_are_told_with_both_clocks():
    ahead = storage("nas", coverage=covered(ahead=Much(2, 90), latest=NOW + DAY))
    told = text.proved(Proved("'p'", NOW, (ahead,)), Style(width=500))
    assert "2 files (90 B) read at a time that has not come yet (2026-11-19T" in told
    assert "by the clock of this machine (2026-11-18T" in told
    assert "NOT PROVED" in told


def test_what_the_manifest_leaves_out_is_told_and_nothing_is_no_proof():
    hollow = storage("nas", coverage=Coverage(), exempt=(LeftOut("**", 3),))
    told = text.proved(Proved("'p'", NOW, (hollow,)), Style(width=500)).splitlines()
    assert "without what `exclude` of `proof:` leaves out ('**' (3 files))" in told[0]
    assert told[1].strip() == "nothing lies there that is not left out"
    assert told[-1] == "NOT PROVED: nothing lies there."
    both = text.proved(Proved("'p'", NOW, (NAS, hollow)), Style(width=500)).splitlines()
    assert both[-1].endswith("nas not: all of it is left out.")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (90, "90 seconds"), (3_600, "1 hour"), (36 * 3_600, "36 hours"),
     (DAY, "1 day"), (30 * DAY, "30 days")],
)  # fmt: skip
def test_times(seconds, said):
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("one", "others", "why"),
    [
        (storage("nas", coverage=covered(), problem="it is lost"), (), "nas not: not all is known"),
        (NAS, (Elsewhere("was", "file:///was", {}, problem="lost"),), "not all is known of was"),
    ],
)
def test_what_is_proved_and_not_all_known_is_told_with_the_reason(one, others, why):
    proved = Proved("'proofs'", NOW, (one,), elsewhere=others)
    last = text.proved(proved, Style(width=UNBOUNDED)).splitlines()[-1]
    assert last.startswith("NOT PROVED: every byte of 1 of 1 storage")
    assert why in last
