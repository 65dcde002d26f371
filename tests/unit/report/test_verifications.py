"""What `verify` found out, in each format."""

from __future__ import annotations

import json
import re
from itertools import chain

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding, LeftOut
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.comparing.classify import SCATTERED
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.results import (
    Elsewhere,
    Emptied,
    Proofs,
    Side,
    StorageVerified,
    Taken,
    Verified,
)
from reconciler.report import json as as_json
from reconciler.report import markdown, text
from reconciler.report.sentences.recovery import groups
from reconciler.report.sentences.recovery import verifications as told
from reconciler.report.style import UNBOUNDED, Style
from reconciler.report.text.lines import columns
from reconciler.schemas import schema_text

NIGHT, BEFORE = "2026-11-29T02:00:00.000Z", "2026-11-03T02:00:00.000Z"
WAS = Content(b"x", rows.FILE, 1_048_576, 1_700_000_000 * 10**9, b"\x9f" * 32, rows.READ, 5)
NOW = replace(WAS, sha256=b"\x1c" * 32)


def finding(what, path=b"2026/11/scan-0042.tif", **more):
    more = {"was": WAS, "now": NOW, "first_seen": NIGHT, "last_seen": NIGHT} | more
    return FileFinding(what, "nas", "local:/nas", path, **more)


FINDINGS = (
    finding(values.DAMAGED, first_seen=BEFORE),
    finding(values.DAMAGED, b"odd \xff\n\xe2\x80\xaename.tif"),
    finding(values.MISSING, now=None),
    finding(values.DELETED, note="3sL4kqtJlcpXroDTDmJ", now=None),
    finding(values.CHANGED, now=replace(NOW, size=7, mtime_ns=1_800_000_000 * 10**9)),
    finding(values.CHANGED, b"was/file", note="file became link", now=Content(b"", rows.LINK)),
    finding(values.UNREADABLE, note="EIO"),
    finding(values.NOT_VERIFIED, b"closed/", note="EACCES", files=12, was=None, now=None),
    finding(values.RENAMED, "bé".encode(), other=b"be\xcc\x81"),
    finding(values.MOVED, other=b"archive/2026/11/scan-0042.tif"),
    finding(values.ARCHIVED, note="DEEP_ARCHIVE"),
    finding(values.CHANGING),
    finding(values.EXTRA, was=None),
)
EARLIER = Taken(BEFORE, "s1", Proofs(12_000, 345, 5, "2026-10-01T02:00:00Z"))
LATER = Taken(NIGHT, "s2", Proofs(12_345))
NAS = StorageVerified(
    "nas",
    12_350,
    12_335,
    15,
    {f.what: sum(g.what == f.what for g in FINDINGS) for f in FINDINGS} | {values.EXTRA: 41},
    {"touched": 3, "new": 1_204},
    EARLIER,
    LATER,
    FINDINGS,
    resolved=(finding(values.MISSING, b"back", resolved=NIGHT),),
    resolved_count=1,
    still_open=23,
    still_open_since=BEFORE,
    still_open_of={values.DAMAGED: 21, values.MISSING: 1, values.NOT_REACHABLE: 1},
    lasts={values.DAMAGED: 21, values.MISSING: 1},
    lasting=(finding(values.DAMAGED, b"rot"), finding(values.MISSING, b"gone", now=None)),
    accepted=(
        finding(
            values.MISSING,
            b"thrown",
            now=None,
            accepted=Accepted(NIGHT, "anna@scope-2", "project ended\x1b"),
        ),
    ),
    accepted_count=2,
)
FINE = StorageVerified("minio", 10, 10, was=EARLIER, now=LATER)
PARTLY = (LeftOut("*.tmp", 1_234), LeftOut(".snapshot/", folders=1), LeftOut("never"))
AWAY = StorageVerified(
    "tape",
    77,
    0,
    77,
    {values.NOT_REACHABLE: 1},
    was=EARLIER,
    findings=(
        FileFinding(values.NOT_REACHABLE, "tape", "p", note="'/mnt/tape' is not mounted", files=77),
    ),
)
NEVER = StorageVerified(
    "new",
    found={values.NOT_VERIFIED: 1},
    findings=(FileFinding(values.NOT_VERIFIED, "new", "p", note="it was never scanned"),),
)


def verified(*storages, **more):
    more = {"how": results.DEEP, "repository": "'proofs'"} | more
    return Verified(
        was=Side("20261103t020000z-ab", "2026-11-03T04:00:00Z"), storages=storages, **more
    )


PASSED = ("20261128t020000z-cd", "20261129t020000z-ef")
ELSEWHERE = (
    Elsewhere(
        "moved",
        "file:///data/was",
        {values.MISSING: 1},
        (finding(values.MISSING, b"left", now=None),),
    ),
    Elsewhere(
        "",
        "",
        {},
        problem="'findings/12/34.json' in 'proofs' can't be used: it is corrupt",
        named="12" * 16,
    ),
)
ALL = verified(
    NAS,
    FINE,
    AWAY,
    NEVER,
    notes=("One note.",),
    rows="rows.csv",
    redacted=True,
    passed_over=PASSED,
    elsewhere=ELSEWHERE,
)


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("verified-60.txt", Style(width=60)),
        ("verified-records.txt", Style(width=UNBOUNDED, records=True)),
        ("verified-quiet.txt", Style(verbosity=-1)),
        ("verified-verbose.txt", Style(verbosity=1)),
    ],
)
def test_text(golden, name, style):
    golden(name, text.verified(ALL, style))


def test_what_to_type_first_is_whole_but_for_what_was_redacted():
    strange = replace(NAS, storage="n s", findings=(finding(values.DAMAGED, b"a b\xff"),))
    first, last = groups.earlier(strange, "'my proofs'")[-2:]
    command = "reconciler verify 'my proofs'"
    assert first.startswith(f"to mend it: `{command} --explain 'n s' 'a b\\xff'` names the good")
    assert last == f"only what may stay as it is: `{command} --accept 'n s' PATH`"
    redacted = replace(NAS, findings=(finding(values.DAMAGED, b"redacted-0123"),), lasting=())
    assert "--explain nas PATH` names" in groups.earlier(redacted, "proofs")[-2]


def test_markdown(golden):
    golden("verified.md", markdown.verified(ALL))


def test_json(golden):
    golden("verified.json", as_json.verified(ALL))


def test_at_60_columns_only_what_can_not_be_broken_is_wider():
    told = text.verified(ALL, Style(width=60))
    wide = [line for line in told.splitlines() if columns(line) > 60]
    assert len(wide) == 2
    assert all(re.fullmatch(" *`reconciler verify [^`]+`", line) for line in wide)


def test_findings_of_json_are_as_their_schema_says():
    schema = json.loads(schema_text("findings"))
    one = schema | {"$ref": "#/$defs/finding", "required": []}
    del one["properties"], one["type"]
    for storage in json.loads(as_json.verified(verified(NAS)))["storages"]:
        lists = [storage[name] for name in ("findings", "resolved", "lasting", "accepted")]
        for found in chain(*lists):
            jsonschema.Draft202012Validator(one).validate(found)


def test_in_a_pipe_each_finding_is_one_line_with_its_storage():
    told = text.verified(ALL, Style(width=UNBOUNDED, records=True)).splitlines()
    damaged = [line for line in told if line.startswith("nas:  damaged  ")]
    assert [line.endswith("  found earlier") for line in damaged] == [False, False, True]
    assert "  odd \\xff\\n\\xe2\\x80\\xaename.tif  " in damaged[1]


LEFT_OUT = "left out by --exclude{}: '*.tmp' (1,234 files), '.snapshot/' (1 folder); nothing"


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        (PARTLY, PARTLY, [""]),
        ((), PARTLY, [", in what is"]),
        (PARTLY, PARTLY[2:], [", in what was"]),
        (PARTLY, PARTLY[:2], [", in what was", ", in what is"]),
        (PARTLY[2:], PARTLY[2:], []),
    ],
)
def test_what_was_left_out_is_told_in_every_format_and_with_the_verdict(was, now, says):
    one = replace(FINE, was=replace(EARLIER, left_out=was), now=replace(LATER, left_out=now))
    for told_as in (text.verified, markdown.verified):
        plain = re.sub("[`']", "'", told_as(verified(one), Style(width=UNBOUNDED)))
        assert plain.count("left out by --exclude") == len(says)
        assert all(LEFT_OUT.format(when) in plain for when in says)
        assert ("nothing is known of what was left out of minio." in plain) is bool(says)
    listed = json.loads(as_json.verified(verified(one)))["storages"][0]["is"]["left_out"]
    assert [each["glob"] for each in listed] == [each.glob for each in now]


@pytest.mark.parametrize("reason", sorted(SCATTERED))
def test_some_files_are_never_called_the_whole_storage(reason):
    assert told.subject(finding(values.NOT_VERIFIED, b"", reason=reason)) == "some of its files"
    assert told.subject(finding(values.NOT_VERIFIED, b"")) == "the whole storage"


@pytest.mark.parametrize(
    ("storages", "last"),
    [
        ([FINE], "Verified: 10 of 10 files compared, and all agree."),
        (
            [
                replace(FINE, quiet={"unsettled": 2, "new": 7}),
                replace(FINE, quiet={"unsettled": 1}),
            ],
            "Verified: 20 of 20 files compared, and all agree but 3 that had not settled.",
        ),
        ([], "NOT VERIFIED: nothing was compared, and nothing is known."),
        (
            [AWAY],
            (
                "NOT VERIFIED: nothing was compared of 77 files, and nothing is known; "
                "1 storage not reachable."
            ),
        ),
        (
            [FINE, AWAY],
            "NOT VERIFIED: 10 of 87 files compared, 77 not verified; 1 storage not reachable.",
        ),
        (
            [StorageVerified("cut", 60, 0, 60, {values.NOT_VERIFIED: 1})],
            "NOT VERIFIED: nothing was compared of 60 files, and nothing is known.",
        ),
        (
            [replace(FINE, went_on=True)],
            (
                "Verified: 10 of 10 files compared, and all agree; not all was read by this run, "
                "but some by an earlier one that was ended."
            ),
        ),
        (
            [StorageVerified("empty", 0, 0)],
            "NOT VERIFIED: nothing was compared, and nothing is known.",
        ),
        (
            [replace(FINE, found={values.MISSING: 1}), AWAY],
            (
                "FINDINGS: 1 missing, 1 storage not reachable; 10 of 87 files compared, "
                "77 not verified."
            ),
        ),
    ],
)
def test_the_last_line_says_what_matters_most(storages, last):
    report = text.verified(verified(*storages), Style(width=UNBOUNDED))
    assert report.splitlines()[-1] == last
    assert markdown.verified(verified(*storages)).splitlines()[0] == f"### {last}"


def test_what_earlier_scans_proved_is_never_told_as_proved_now():
    kept = replace(FINE, now=Taken(NIGHT, "s2", Proofs(0, 9, 1, "2026-10-01T02:00:00Z")))
    for report in (text, markdown):
        shown = report.verified(verified(kept, how=results.AGAINST), Style(width=UNBOUNDED))
        assert "9 kept from earlier scans" in shown
        assert "1 only as sums that the storage keeps" in shown
        assert "oldest proof 2026-10-01T02:00:00Z" in shown
        assert "read in that scan" not in shown.partition("is: ")[2]


def test_more_findings_than_are_shown_are_counted():
    many = tuple(finding(values.EXTRA, b"%03d" % n, was=None) for n in range(30))
    one = replace(FINE, found={values.EXTRA: 5_000}, findings=many)
    for style, number in ((Style(), 20), (Style(verbosity=1), 30)):
        shown = text.verified(verified(one), style)
        assert len(re.findall(r"^ {4}\d{3}$", shown, re.MULTILINE)) == number
        assert f"… and {5_000 - number:,} more extra: --rows FILE has all" in shown
    shown = markdown.verified(verified(one))
    assert "(30) of 5,000" in shown


def test_a_folder_of_which_nothing_is_left_is_one_line():
    gone = tuple(
        finding(values.MISSING, path, now=None)
        for path in [*(b"run 7/%03d" % n for n in range(500)), b"run 70/1", b"z"]
    )
    one = replace(FINE, storage="nas", found={values.MISSING: 502}, findings=gone)
    one = replace(one, emptied=(Emptied(b"run 7/", values.MISSING, 500),))
    told = text.verified(verified(one)).splitlines()
    at = told.index("  missing (502): gone, from a folder that could be read")
    assert told[at + 1 : at + 3] == ["    run 7/", "      all 500 files below it"]
    assert [told[at + 3], told[at + 5]] == ["    run 70/1", "    z"]
    assert not any("more missing" in line for line in told)
    records = text.verified(verified(one), Style(width=UNBOUNDED, records=True))
    assert "\nnas:  missing  run 7/  all 500 files below it\nnas:  missing  run 70/1  " in records
    assert "- `nas` `run 7/`: all 500 files below it\n" in markdown.verified(verified(one))
    assert "run 7/499" not in markdown.verified(verified(one))
    assert "run 7/499" in text.verified(verified(one), Style(verbosity=1))
    (listed,) = json.loads(as_json.verified(verified(one)))["storages"]
    assert listed["emptied"] == [{"path": "run 7/", "what": "missing", "files": 500}]
    assert len(listed["findings"]) == 502


def test_what_lasts_of_one_folder_is_told_together():
    gone = tuple(
        finding(values.MISSING, path, now=None)
        for path in [*(b"run 7/%03d" % n for n in range(30)), b"run 7/deep/1", b"z"]
    )
    one = replace(FINE, lasts={values.MISSING: 32}, lasting=gone)
    told = text.verified(verified(one)).splitlines()
    at = told.index("    run 7/")
    assert told[at + 1 : at + 3] == ["      31 files below it", "    z"]
    assert "`run 7/`: 31 files below it (missing)\n" in markdown.verified(verified(one))
    taken = replace(FINE, accepted=gone, accepted_count=32)
    records = text.verified(verified(taken), Style(width=UNBOUNDED, records=True))
    assert "minio:  (missing)  run 7/  31 files below it\nminio:  (missing)  z  " in records


def test_what_is_only_counted_is_told_apart_where_it_is_listed():
    quiet = finding(values.EXTRA, b"fresh", was=None, note="new")
    one = replace(FINE, counted=(quiet,), quiet={"new": 1})
    assert "(extra) fresh" in text.verified(verified(one))
    assert "  (extra)  fresh" in text.verified(verified(one), Style(width=UNBOUNDED, records=True))
    assert "#### Only counted (1)" in markdown.verified(verified(one))
    assert verified(one).verdict == results.AGREES


def test_records_of_files_are_told_as_records():
    record = finding(values.MISSING, about=values.INVENTORY, was=Content(b"x", "record"), now=None)
    one = StorageVerified(
        "nas", 2, 2, 0, {values.MISSING: 1}, was=Taken(BEFORE), now=Taken(NIGHT), findings=(record,)
    )
    shown = text.verified(verified(one, how=results.LIVE))
    assert "nas: 2 of 2 records compared" in shown
    assert "the platform has no record of it any more" in shown
    assert "read 2026-11-03T02:00:00Z" in shown


@pytest.mark.parametrize(
    "what", [v for n, v in vars(values).items() if n.isupper() and isinstance(v, str)]
)
def test_every_class_has_its_meaning(what):
    assert what == values.INVENTORY or what in told.MEANINGS


def test_the_verdict_of_each_class():
    for what in told.MEANINGS:
        one = replace(FINE, found={what: 1})
        expected = results.UNKNOWN if what in results.UNPROVED else results.DIFFERS
        assert one.verdict == expected
    assert replace(FINE, not_verified=1).verdict == results.UNKNOWN
    assert replace(FINE, compared=9).verdict == results.UNKNOWN
    assert replace(FINE, of=None).verdict == results.UNKNOWN
    assert msgspec.structs.replace(FINE).verdict == results.AGREES


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"lasts": {"missing": 1}},
            "1 missing found earlier, open until the good bytes are read there again or it is ",
        ),
        ({"lasts": {"missing": 1}, "found": {"changed": 2}}, "2 changed; 1 missing found earlier"),
        ({"accepted_count": 1}, "and all agree but 1 that was accepted."),
        ({"accepted_count": 2, "quiet": {"unsettled": 1}}, "settled and 2 that were accepted."),
    ],
)
def test_what_lasts_is_a_finding_and_what_was_accepted_is_none(more, told):
    wide = Style(width=UNBOUNDED)
    assert told in text.verified(verified(StorageVerified("nas", 9, 9, **more)), wide)


def test_records_that_agree_do_not_pass_for_bytes():
    result = verified(StorageVerified("nas", 9, 9), how=results.LIVE)
    told = text.verified(result, Style(width=UNBOUNDED))
    assert told.endswith(
        "\nVerified: 9 of 9 records compared, and all agree; no byte was read: --deep does that.\n"
    )


def test_verified_says_that_newer_snapshots_were_passed_over():
    result = verified(FINE, passed_over=PASSED[:1])
    for report in (text.verified(result, Style(width=UNBOUNDED)), markdown.verified(result)):
        assert (
            "and all agree; with 20261103t020000z-ab, as 1 newer snapshot is incomplete." in report
        )
        assert "Passed over, as incomplete: a newer snapshot, " in report
        assert PASSED[0] in report


def test_what_was_listed_by_half_is_not_verified():
    told = text.verified(verified(replace(FINE, incomplete=True)), Style(width=UNBOUNDED))
    assert told.splitlines()[-1].startswith("NOT VERIFIED: ")
    assert told.endswith("; not all was listed and read of 'minio'.\n")


def test_what_is_lost_is_told_in_each_format():
    done = Loss("nas", ("'findings/12/34.json' is lost",))
    for told_of in (text.loss(done, Style(width=UNBOUNDED)), markdown.loss(done)):
        assert "Accepted: what is lost of nas is missed no more. What was found earlier" in told_of
    assert json.loads(as_json.loss(done))["accepted"] == ["'findings/12/34.json' is lost"]
    nothing = text.loss(Loss("nas", ()), Style(width=UNBOUNDED))
    assert nothing == "Nothing is lost of what was found wrong with nas.\n"


def test_what_was_accepted_is_told_in_each_format():
    done = Acceptance("nas", NAS.accepted, 1)
    assert text.accepted(done, Style(width=UNBOUNDED)).splitlines() == [
        "    (missing) thrown",
        "      " + ", ".join(told.details(NAS.accepted[0])),
        "",
        "Accepted: 1; 1 file left alone, for meanwhile it is something else: look again.",
    ]
    assert json.loads(as_json.accepted(done))["changed"] == 1
    assert "thrown" in markdown.accepted(done)
    nothing = text.accepted(Acceptance("nas", ()))
    assert nothing == "Nothing to accept: no file of nas is damaged, missing or deleted.\n"
    before = text.accepted(Acceptance("nas", (), before=2))
    assert before == "Nothing to accept: all that lasts on nas was accepted before.\n"
