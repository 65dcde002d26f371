"""Seals: no byte of a small file can be another without being told."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.recovery.seal import sealed, unsealed
from support.recovery.sealing import resealed


class Kept(Struct, frozen=True):
    format_version: int
    word: str
    numbers: dict[str, int]
    seal: str = ""


VALUE = Kept(1, "wörd", {"b": 2**53 + 1, "a": -1})


def test_what_is_read_is_what_was_written():
    data = sealed(VALUE)
    assert sealed(unsealed(data, Kept, newest=1)) == data


def test_no_bit_can_be_another_and_no_byte_be_gone():
    data = sealed(VALUE)
    for at in range(len(data)):
        changed = bytes([*data[:at], data[at] ^ 1 << at % 8, *data[at + 1 :]])
        for damaged in (changed, data[:at], data[:at] + data[at + 1 :], data + data[at : at + 1]):
            with pytest.raises(SnapshotError):
                unsealed(damaged, Kept, newest=1)


def test_a_later_release_may_add_fields_and_says_when_that_is_not_enough():
    more = {"format_version": 1, "word": "w", "numbers": {}, "new": [1]}
    assert unsealed(resealed(more), Kept, newest=1).word == "w"
    with pytest.raises(SnapshotError, match="use a newer release"):
        unsealed(resealed({**more, "format_version": 2}), Kept, newest=1)
    with pytest.raises(SnapshotError, match="can't be understood"):
        unsealed(resealed({**more, "word": 1}), Kept, newest=1)


def before_seals(**fields):
    return msgspec.json.format(msgspec.json.encode(fields), indent=1)


def test_what_was_written_before_there_were_seals_is_read():
    old = before_seals(word="w", numbers={}, format_version=1)
    for data in (old, old + b"\n"):
        assert unsealed(data, Kept, newest=1) == Kept(1, "w", {})
    with pytest.raises(SnapshotError, match="can't be understood"):
        unsealed(old.replace(b"word", b"wort"), Kept, newest=1)


def test_a_seal_can_t_be_left_out_of_what_has_one():
    fields = {"word": "w", "numbers": {}, "format_version": 1}
    for data in (msgspec.json.encode(fields), before_seals(**fields, seal="")):
        with pytest.raises(SnapshotError, match="seal"):
            unsealed(data, Kept, newest=1)


def test_a_field_may_have_had_another_name():
    old = resealed({"format_version": 1, "text": "w", "numbers": {"a": 1}})
    assert unsealed(old, Kept, newest=1, earlier={"text": "word"}).numbers == {"a": 1}
    with pytest.raises(SnapshotError, match="can't be understood"):
        unsealed(old, Kept, newest=1)
