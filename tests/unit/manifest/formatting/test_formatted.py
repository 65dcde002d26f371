"""One layout: order of keys, indentation, comments with what they are about."""

from __future__ import annotations

import pytest

from reconciler.errors import ERROR, INVALID, FormatError, ManifestError
from reconciler.manifest.formatting.formatted import formatted
from support.repository import ROOT


def laid_out(text: str) -> str:
    done = formatted("m.yaml", text.encode())
    assert formatted("m.yaml", done) == done
    return done.decode()


BEFORE = """\
# Storages of the imaging facility.

removed:
- {name: scratch-2024, holds_files: true, id: 91ab}   # agreed on
# all that we have
storages:   # sorted by age

    # first of all
    - label: Raw frames   # from the camera
      # also in the paper
      name: raw-frames

      bucket: lab-raw-${STAGE:?staging or prod}


      region:    eu-central-2
      # - protect: true
    # - name: not yet
    -   default_url: "/data/a
          b"
        type: local
        name: nas
        renamed_from: [  # why
          old-nas,  # one
          # two
          older ]
    - { name: "an-archive-with-a-long-name",
        default_url: "/data/and/so/forth", type: local, label: LTO}  # t
# version of the format
version: 1
policy: {scope: ["*"], undeclared: fail,
   protect: []}
# the end
"""
AFTER = """\
# Storages of the imaging facility.

# version of the format
version: 1
policy: {undeclared: fail, protect: [], scope: ["*"]}
# all that we have
storages:   # sorted by age
  # first of all
  # also in the paper
  - name: raw-frames
    label: Raw frames   # from the camera

    region: eu-central-2

    bucket: lab-raw-${STAGE:?staging or prod}
    # - protect: true
  # - name: not yet
  - name: nas
    type: local
    default_url: "/data/a
      b"
    renamed_from:  # why
      - old-nas  # one
      # two
      - older
  # t
  - name: "an-archive-with-a-long-name"
    label: LTO
    type: local
    default_url: "/data/and/so/forth"
removed:
  - {name: scratch-2024, id: 91ab, holds_files: true}   # agreed on
# the end
"""


def test_a_messy_file_becomes_a_tidy_one() -> None:
    assert laid_out(BEFORE) == AFTER


ENTRY = "version: 1\nstorages:\n  - {name: a, type: local, default_url: /a}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\ufeff" + ENTRY, "\ufeff" + ENTRY),
        (ENTRY.rstrip(), ENTRY),
        (ENTRY + "\n\n", ENTRY),
        (ENTRY.replace("\n", "\r\n"), ENTRY.replace("\n", "\r\n")),
        (ENTRY.replace("\n", "\r\n", 1), ENTRY.replace("\n", "\r\n")),
        (ENTRY.replace("\n", "\r\n").replace("\r\n", "\n", 1), ENTRY),
        ("# a\n---\n" + ENTRY, "# a\n---\n" + ENTRY),
        ("--- # a\n" + ENTRY, "---\n# a\n" + ENTRY),
        ("{version: 1, platform: jetraw://o}", "version: 1\nplatform: jetraw://o\n"),
        ("version: 1\nstorages: [ ]\n", "version: 1\nstorages: []\n"),
        ("version: 1\nstorages: [  # none\n]\n", "version: 1\nstorages: []  # none\n"),
        ('"version":   1\n', '"version": 1\n'),
        ("? version\n: 1\n", "version: 1\n"),
    ],
)
def test_what_stands_around(before: str, after: str) -> None:
    assert laid_out(before) == after


def test_a_blank_line_stays_before_its_entry() -> None:
    """Its first key may move, which the blank line does not."""
    before = ENTRY + "\n  - type: local\n    name: b\n    default_url: /b\n"
    after = ENTRY + "\n  - name: b\n    type: local\n    default_url: /b\n"
    assert laid_out(before) == after


def test_the_line_for_editors_stays_the_first() -> None:
    line = "# yaml-language-server: $schema=manifest.schema.json\n"
    before = f"{line}platform: jetraw://o\nversion: 1\n"
    assert laid_out(before) == f"{line}version: 1\nplatform: jetraw://o\n"


@pytest.mark.parametrize(
    "text",
    [
        "|\n      a\n       b\n\n      c",
        ">-  # why\n      a\n      b",
        "'it''s'",
        "&x Raw",
        "!!str 12",
    ],
)
def test_text_is_left_as_it_is_written(text: str) -> None:
    before = f"version: 1\nstorages:\n  - name: a\n    label: {text}\n    type: local\n"
    before += "    default_url: /a\n"
    assert laid_out(before) == before


def test_variables_need_not_be_set() -> None:
    entry = "  - {name: a, type: S3, region: '${REGION}', bucket: 'b-${STAGE:?which}'}\n"
    before = f"version: 1\npolicy: {{max_removals: '${{MOST}}'}}\nstorages:\n{entry}"
    assert laid_out(before) == before


#: The keys of the second entry can't change places.
TIED = """\
version: 1
storages:
- {label: &x l, name: a, type: local, default_url: /b}
- {type: local, default_url: &y /c, name: *x, label: *y}
"""


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("%YAML 1.1\n---\nversion: 1\n", 1, "a directive"),
        ("version: 1\n...\n", 2, "the end of a document"),
        ("version: 1\nstorages:\n- &x\n  name: a\n  type: local\n  default_url: /\n", 3, "anchor"),
        ("version: 1\nplatform: &x # c\n  jetraw://o\n", 2, "anchor"),
        ("version: 1\nplatform: |+\n  jetraw://o\n", 2, "can't be kept"),
        (TIED, 3, "anchors and aliases"),
    ],
)
def test_what_can_not_be_kept_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(FormatError, match=why) as caught:
        formatted("m.yaml", text.encode())
    assert [problem.line for problem in caught.value.problems] == [line]
    assert caught.value.exit_code == ERROR


def test_json_is_refused() -> None:
    with pytest.raises(FormatError, match="JSON has a layout"):
        formatted("m.json", b'{"version": 1}')


def test_an_invalid_manifest_is_told_as_validate_tells_it() -> None:
    text = (
        "version: 1\nstorages:\n  - {name: a, type: local, lable: x, default_url: '${A}'}\nx: 1\n"
    )
    with pytest.raises(ManifestError) as caught:
        formatted("m.yaml", text.encode())
    assert caught.value.exit_code == INVALID
    assert [(p.line, "unknown" in p.message) for p in caught.value.problems] == [
        (3, True),
        (4, True),
    ]


def test_examples_are_formatted() -> None:
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        if path.parent.name != "invalid" and b"storages:" in path.read_bytes():
            assert formatted(path.name, path.read_bytes()) == path.read_bytes(), path
