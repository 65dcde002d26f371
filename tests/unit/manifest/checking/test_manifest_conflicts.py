"""Names, ids and top-level keys that contradict each other, in one file and across files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest import load
from reconciler.manifest.checking.conflicts import find_conflicts, may_conflict
from reconciler.manifest.filling.desired import entries_of, removed_of
from reconciler.manifest.mistakes import Document
from support.sampling import examples

Write = Callable[..., Path]


LOCAL = "type: local, default_url: /d"


def text(storages: list[str], removed: list[str]) -> str:
    lines = ["version: 1", "storages:", *(f"  - {{{item}, {LOCAL}}}" for item in storages)]
    if removed:
        lines += ["removed:", *(f"  - {{{item}}}" for item in removed)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("storages", "removed", "message"),
    [
        (
            ["name: a", "name: b", "name: a"],
            [],
            "5:12: storages[2].name: the name 'a' is declared twice; first at m.yaml:3:12",
        ),
        (
            ["name: a, id: i", "name: b, id: i"],
            [],
            (
                "4:19: storages[1].id: the id 'i' is declared twice: one live storage, one entry; "
                "first at m.yaml:3:19"
            ),
        ),
        (
            ["name: a"],
            ["name: a"],
            (
                "5:12: removed[0].name: 'a' is both declared and to be removed: delete one of the "
                "two, or, if another storage of this name shall go, add its id here; "
                "first at m.yaml:3:12"
            ),
        ),
        (
            ["name: a, id: i"],
            ["name: b, id: i"],
            (
                "5:19: removed[0].id: the storage with id 'i' is both declared and to be removed; "
                "first at m.yaml:3:19"
            ),
        ),
        (
            ["name: x"],
            ["name: a", "name: a"],
            "6:12: removed[1].name: 'a' is removed twice; first at m.yaml:5:12",
        ),
        (
            ["name: x"],
            ["name: a, id: i", "name: b, id: i"],
            "6:19: removed[1].id: the storage with id 'i' is removed twice; first at m.yaml:5:19",
        ),
    ],
)
def test_contradictions(
    problems: Callable[..., list[str]], storages: list[str], removed: list[str], message: str
) -> None:
    assert problems(text(storages, removed)) == [f"m.yaml:{message}"]


@pytest.mark.parametrize(
    ("storages", "removed"),
    [
        (["name: a, id: i"], ["name: a, id: j"]),
        (["name: a"], ["name: a, id: j"]),
        (["name: a", "name: A"], []),
        (["name: x"], ["name: a", "name: a, id: i", "name: a, id: j"]),
    ],
)
def test_what_is_no_contradiction(
    load_text: Callable[..., object], storages: list[str], removed: list[str]
) -> None:
    load_text(text(storages, removed))


def test_both_places_are_named_across_files(write: Write) -> None:
    write(text(["name: a"], []), "one.yaml")
    write(text(["name: b", "name: a"], []), "two.yaml")
    with pytest.raises(ManifestError) as caught:
        load(["one.yaml", "two.yaml"], {})
    assert str(caught.value) == (
        "two.yaml:4:12: storages[1].name: the name 'a' is declared twice; first at one.yaml:3:12"
    )


def test_removed_in_an_earlier_file_than_declared(write: Write) -> None:
    write(text(["name: x"], ["name: a"]), "one.yaml")
    write(text(["name: a"], []), "two.yaml")
    with pytest.raises(ManifestError) as caught:
        load(["one.yaml", "two.yaml"], {})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("one.yaml", 5)
    assert problem.message.endswith("first at two.yaml:3:12")


@pytest.mark.parametrize("key", ["platform: sqlite:///p", "lock: s3://b/k", "policy: {}"])
def test_keys_that_may_stand_in_one_file_only(write: Write, key: str) -> None:
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        write(f"version: 1\n{key}\n", name)
    with pytest.raises(ManifestError) as caught:
        load(["a.yaml", "b.yaml", "c.yaml"], {})
    name = key.partition(":")[0]
    assert [problem.text() for problem in caught.value.problems] == [
        f"{file}:2:1: {name}: '{name}' may stand in one file of a manifest only; "
        "first at a.yaml:2:1"
        for file in ("b.yaml", "c.yaml")
    ]


def test_contradictions_are_found_beside_other_mistakes(write: Write) -> None:
    write("version: 2\nstorages: [{name: a, type: nfs}]", "one.yaml")
    write(text(["name: a"], []), "two.yaml")
    with pytest.raises(ManifestError) as caught:
        load(["one.yaml", "two.yaml"], {})
    assert [problem.file for problem in caught.value.problems] == ["one.yaml"] * 2 + ["two.yaml"]


items = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")}, optional={"id": st.sampled_from("ijab")}
)


@settings(deadline=None, max_examples=examples(120, 500))
@given(storages=st.lists(items, max_size=3), removed=st.lists(items, max_size=3))
def test_the_quick_answer_is_right(
    storages: list[dict[str, str]], removed: list[dict[str, str]]
) -> None:
    tree = {
        "storages": [{**item, "type": "local", "default_url": "/d"} for item in storages],
        "removed": removed,
    }
    document = Document("m.yaml", b"", tree)
    find_conflicts([document])
    quick = may_conflict(entries_of(tree, "m.yaml"), removed_of(tree, "m.yaml"))
    assert quick == bool(document.mistakes)
