"""Findings in a repository: runs at the same time, runs that were killed, nothing to be removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery import rows, values
from reconciler.recovery.findings import episodes as over_time
from reconciler.recovery.findings import store
from reconciler.recovery.findings.record import decode, findings_of, written
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying.comparing import classify
from reconciler.schemas import schema_text
from support.recovery.sealing import resealed

PLACE = "local:/nas"
MOMENT = datetime(2026, 11, 29, 2, tzinfo=UTC)
GOOD = Content(b"a\xff\n", rows.FILE, 1, 2, b"g" * 32, rows.READ, 3)
FOUND = FileFinding(
    values.DAMAGED,
    "nas",
    PLACE,
    GOOD.path,
    GOOD,
    replace(GOOD, sha256=None),
    first_seen="2026-11-28T02:00:00Z",
    last_seen="2026-11-29T02:00:00Z",
)


@pytest.fixture
def repository(tmp_path):
    return open_repository(str(tmp_path / "repo"), make=True)


def keep(repository, episodes, known=None, minutes=0):
    known = store.read(repository, PLACE) if known is None else known
    return store.keep(repository, PLACE, episodes, known, MOMENT + timedelta(minutes=minutes))


def names(repository):
    return list(repository.names(layout.findings(PLACE)))


def marks(repository):
    return list(repository.names(layout.found(PLACE)))


def test_what_is_kept_is_read_again(repository):
    keep(repository, [FOUND])
    assert store.read(repository, PLACE).episodes == (FOUND,)
    assert store.read(repository, "local:/other").episodes == ()


def test_what_was_accepted_is_kept_with_it(repository):
    said = Accepted("2026-11-29T02:00:00.000Z", "anna@scope", "thrown away", GOOD)
    for accepted in (said, replace(said, now=None, why="")):
        keep(repository, [replace(FOUND, accepted=accepted)])
        (known,) = store.read(repository, PLACE).episodes
        assert known.accepted == accepted
        (name,) = names(repository)
        record = json.loads(repository.read(name))
        jsonschema.validate(record, json.loads(schema_text("findings")))
        repository.remove(name)


def test_nothing_is_written_of_a_storage_with_which_nothing_was_ever_wrong(repository):
    keep(repository, [])
    assert names(repository) == []


def test_a_run_replaces_the_record_before_it(repository):
    for minutes in range(5):
        keep(repository, [FOUND], minutes=minutes)
    assert len(names(repository)) == 1


def test_of_two_runs_at_the_same_time_nothing_is_lost(repository):
    keep(repository, [FOUND])
    known = store.read(repository, PLACE)
    other = replace(FOUND, path=b"b")
    keep(repository, [FOUND, other], known, 1)
    keep(repository, [replace(FOUND, last_seen="2026-11-30T02:00:00Z")], known, 2)
    assert len(names(repository)) == 2
    found = store.read(repository, PLACE).episodes
    assert [(f.path, f.last_seen[:10]) for f in found] == [
        (b"a\xff\n", "2026-11-30"),
        (b"b", "2026-11-29"),
    ]


def test_where_nothing_can_be_removed_the_newest_record_is_all_that_is_read(
    repository, monkeypatch
):
    def refused(name, **_):
        raise RepositoryError("Object Lock")

    monkeypatch.setattr(repository, "remove", refused, raising=False)
    for minutes in range(4):
        keep(repository, [FOUND], minutes=minutes)
    assert len(names(repository)) == 4
    read = []
    whole = repository.read
    monkeypatch.setattr(
        repository, "read", lambda name: (read.append(name), whole(name))[1], raising=False
    )
    assert store.read(repository, PLACE).episodes == (FOUND,)
    assert read == names(repository)[-1:]


def test_a_record_that_another_run_replaces_meanwhile_is_looked_for_again(repository, monkeypatch):
    keep(repository, [FOUND])
    whole, known = repository.read, store.read(repository, PLACE)

    def overtaken(name):
        monkeypatch.setattr(repository, "read", whole, raising=False)
        keep(repository, [FOUND, replace(FOUND, path=b"b")], known, 1)
        return whole(name)

    monkeypatch.setattr(repository, "read", overtaken, raising=False)
    assert len(store.read(repository, PLACE).episodes) == 2


def test_whoever_never_comes_to_read_says_so(repository, monkeypatch):
    keep(repository, [FOUND])
    numbers = iter(range(100))

    def overtaken(name):
        repository.remove(name)
        repository.write(f"{layout.findings(PLACE)}{next(numbers)}.json", b"")

    monkeypatch.setattr(repository, "read", overtaken, raising=False)
    with pytest.raises(RepositoryError, match="one verify at a time"):
        store.read(repository, PLACE)


def test_a_record_that_is_listed_and_can_not_be_had_is_damaged(repository, monkeypatch):
    keep(repository, [FOUND])
    monkeypatch.setattr(repository, "read", lambda _: None, raising=False)
    (told,) = store.read(repository, PLACE).damaged
    assert "it is listed, and there is nothing when it is read" in told


def test_a_damaged_record_is_told_and_left_alone(repository):
    keep(repository, [FOUND])
    (name,) = names(repository)
    repository.write(name, b'{"format_version": 1', replace=True)
    known = store.read(repository, PLACE)
    assert known.episodes == ()
    (told,) = known.damaged
    assert told.startswith(f"'{name}' in '")
    assert "can't be used: it is corrupt: it is no JSON. Restore it" in told
    keep(repository, [FOUND], known, 1)
    assert name in names(repository)


def test_a_record_that_is_gone_is_missed_until_it_is_back_or_nobody_wants_it(
    repository, monkeypatch
):
    keep(repository, [FOUND])
    (name,) = names(repository)
    data = repository.read(name)
    repository.remove(name)
    for minutes in (1, 2):  # what is written later contains nothing of it
        (told,) = store.read(repository, PLACE).damaged
        assert told.startswith(f"'{name}', a record of what was found wrong, is lost from '")
        assert told.count("--accept-loss NAME") == 1
        keep(repository, [replace(FOUND, path=b"b")], minutes=minutes)
    repository.write(name, data)
    assert store.read(repository, PLACE).damaged == ()
    repository.remove(name)
    with monkeypatch.context() as patch:
        patch.setattr(repository, "remove", _refused, raising=False)
        store.miss_no_more(repository, PLACE, MOMENT + timedelta(minutes=3))
    known = store.read(repository, PLACE)
    assert ([f.path for f in known.episodes], known.damaged) == ([b"b"], ())


def test_where_nothing_can_be_removed_nothing_is_missed(repository, monkeypatch):
    monkeypatch.setattr(repository, "remove", _refused, raising=False)
    for minutes in range(3):
        keep(repository, [FOUND], minutes=minutes)
    monkeypatch.undo()
    for name in names(repository)[:-1]:  # a life cycle of the bucket
        repository.remove(name)
    for minutes in (3, 4):
        assert store.read(repository, PLACE).damaged == ()
        keep(repository, [FOUND], minutes=minutes)
    assert (len(names(repository)), len(marks(repository))) == (1, 1)


def test_a_run_that_is_slow_to_say_that_its_record_is_there_leaves_nothing_to_be_missed(
    repository, monkeypatch
):
    whole = repository.write

    def slow(name, data, **more):
        if name.startswith(layout.FOUND):
            monkeypatch.undo()
            keep(repository, [FOUND], minutes=1)
        return whole(name, data, **more)

    monkeypatch.setattr(repository, "write", slow, raising=False)
    keep(repository, [FOUND])
    for minutes in (2, 3):
        assert store.read(repository, PLACE).damaged == ()
        keep(repository, [FOUND], minutes=minutes)
    assert (len(names(repository)), len(marks(repository))) == (1, 1)


def test_records_that_are_replaced_while_they_are_listed_are_not_missed(repository, monkeypatch):
    keep(repository, [FOUND])
    whole = repository.names

    def names(prefix):
        found = list(whole(prefix))
        if prefix.startswith(layout.FOUND):
            monkeypatch.undo()
            for minutes in (1, 2):
                keep(repository, [FOUND], minutes=minutes)
        return iter(found)

    monkeypatch.setattr(repository, "names", names, raising=False)
    known = store.read(repository, PLACE)
    assert (known.episodes, known.damaged) == ((FOUND,), ())


def _refused(_name, **_):
    raise RepositoryError("Object Lock")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "corrupt"),
        (b"[]", "corrupt"),
        (b'{"format_version": 2, "new": []}', "newer release"),
        (b'{"format_version": 1, "findings": []}', "corrupt"),
        (b"\xff", "corrupt"),
    ],
)
def test_what_is_no_record(data, why):
    with pytest.raises(SnapshotError, match=why):
        decode(data)


def test_a_path_that_is_none_is_damage(repository):
    keep(repository, [FOUND])
    record = json.loads(repository.read(names(repository)[0]))
    record["findings"][0]["path"] = "a\\q"
    with pytest.raises(SnapshotError, match="corrupt"):
        findings_of(decode(resealed(record)), PLACE)


CONTENTS = st.builds(
    Content,
    st.just(b"p"),
    st.sampled_from([rows.FILE, rows.LINK]),
    st.none() | st.integers(0, 2**62),
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | st.binary(min_size=32, max_size=32),
    st.sampled_from(["", rows.READ]),
    st.none() | st.integers(0, 2**40),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    st.none() | st.binary(),
)


@given(
    st.sampled_from([values.MISSING, values.NOT_VERIFIED]),
    st.binary(),
    st.none() | CONTENTS,
    st.binary(),
    st.integers(0, 9),
)
def test_a_finding_is_the_same_after_it_was_written(what, path, was, other, files):
    # The file itself says its path once.
    was = was and replace(was, path=path)
    found = replace(FOUND, what=what, path=path, was=was, now=None, other=other, files=files)
    record = json.loads(
        b'{"format_version":1,"written_at":"","tool_version":"","replaces":[],'
        b'"no_room":0,"findings":[]}'
    )
    record["findings"] = [msgspec.to_builtins(written(found))]
    assert findings_of(decode(resealed(record)), PLACE) == (found,)


def test_a_record_is_as_its_schema_says(repository):
    part = replace(FOUND, what=values.NOT_VERIFIED, note="EIO", files=3)
    reasons = (classify.NOT_LISTED, classify.UNKNOWN_THEN, *classify.SCATTERED)
    parts = [replace(part, reason=reason) for reason in reasons]
    keep(repository, [FOUND, *parts])
    assert set(store.read(repository, PLACE).episodes) == {FOUND, *parts}
    document = json.loads(repository.read(names(repository)[0]))
    schema = json.loads(schema_text("findings"))
    jsonschema.Draft202012Validator(schema).validate(document)
    for broken in ({"format_version": 2}, {"no_room": -1}, {"findings": [{}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(document | broken)


@pytest.mark.parametrize("lasting", [1, 2])
def test_until_when_was_told_is_kept_where_something_that_lasts_has_no_room(
    repository, monkeypatch, lasting
):
    """What is over hides nothing that nobody has told yet."""
    monkeypatch.setattr(over_time, "MOST_OPEN", 1)
    monkeypatch.setattr(over_time, "MOST_RESOLVED", 1)
    over = [replace(FOUND, path=p, resolved=FOUND.last_seen) for p in (b"a", b"b")]
    open_ones = [replace(FOUND, path=b"%d" % n) for n in range(lasting)]
    until = "2026-11-29T02:00:00.000Z"
    store.keep(repository, PLACE, over + open_ones, store.Known(), MOMENT, no_room_until=until)
    assert store.read(repository, PLACE).no_room_until == (until if lasting > 1 else "")
