"""From files to what they declare, and every problem of every file in one run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ManifestError, UsageError
from reconciler.manifest import load
from reconciler.model import Desired, Entry, Objective, Policy, Removed


def test_everything_that_a_manifest_can_say(load_text: Callable[..., Any]) -> None:
    manifest = load_text(
        """
version: 1
platform: sqlite:///${DB}.db
lock: s3://locks/jetraw
policy:
  undeclared: remove
  max_removals: 0
  protect: [a, "b*"]
  scope: [lab-*]
defaults: {type: S3, region: eu-central-2, label: L}
storages:
  - name: raw
    label: Raw frames
    bucket: lab-raw
  - {name: minio, default_url: "https://server:9000/b", id: i1}
  - {name: nas, type: local, default_url: /data/nas, renamed_from: [old, older], protect: true}
removed:
  - {name: gone}
  - {name: full, id: i2, holds_files: true}
""",
        {"DB": "x"},
    )
    assert manifest.platform == "sqlite:///x.db"
    assert manifest.platform_file == "m.yaml"
    assert manifest.lock == "s3://locks/jetraw"
    assert manifest.warnings == ()
    assert manifest.files == ("m.yaml",)
    region = "eu-central-2"
    aws = f"https://s3.{region}.amazonaws.com/lab-raw"
    assert manifest.desired == Desired(
        (
            Entry("raw", "S3", aws, "Raw frames", region, "lab-raw", file="m.yaml", index=0),
            Entry("minio", "S3", "https://server:9000/b", "L", id="i1", file="m.yaml", index=1),
            Entry(
                "nas",
                "local",
                "file:///data/nas",
                "L",
                renamed_from=("old", "older"),
                protect=True,
                file="m.yaml",
                index=2,
            ),
        ),
        (
            Removed("gone", file="m.yaml", index=0),
            Removed("full", "i2", holds_files=True, file="m.yaml", index=1),
        ),
        Policy("remove", 0, ("a", "b*"), ("lab-*",)),
    )


def test_the_least_that_a_manifest_can_say(load_text: Callable[..., Any]) -> None:
    manifest = load_text("version: 1\n")
    assert manifest.desired == Desired()
    assert (manifest.platform, manifest.platform_file, manifest.lock) == (None, None, None)


def test_optional_keys_that_are_left_out_are_not_declared(load_text: Callable[..., Any]) -> None:
    (entry,) = load_text(
        "version: 1\nstorages: [{name: nas, type: local, default_url: /d}]"
    ).desired.entries
    assert (entry.label, entry.region, entry.bucket, entry.id) == (None, None, None, None)
    assert (entry.renamed_from, entry.protect) == ((), False)


def test_urls_are_filled_in_for_every_entry(load_text: Callable[..., Any]) -> None:
    entries = load_text(
        """
version: 1
defaults: {type: S3, region: eu-central-2}
storages:
  - {name: a, bucket: lab-a}
  - {name: b, bucket: lab-b}
  - {name: c, bucket: lab-c, region: cn-north-1}
"""
    ).desired.entries
    assert [entry.default_url for entry in entries] == [
        "https://s3.eu-central-2.amazonaws.com/lab-a",
        "https://s3.eu-central-2.amazonaws.com/lab-b",
        "https://s3.cn-north-1.amazonaws.com.cn/lab-c",
    ]


def test_files_are_one_manifest_in_the_order_given(write: Callable[..., Path]) -> None:
    write(
        "version: 1\nplatform: sqlite:///p\nstorages: [{name: zz, type: local, default_url: /z}]",
        "f/b.yml",
    )
    write("version: 1\nstorages: [{name: yy, type: local, default_url: /y}]", "f/a.yaml")
    write("version: 1\npolicy: {undeclared: ignore}", "c.yaml")
    manifest = load(["c.yaml", "f"], {})
    assert [entry.name for entry in manifest.desired.entries] == ["yy", "zz"]
    assert [name.replace("\\", "/") for name in manifest.files] == ["c.yaml", "f/a.yaml", "f/b.yml"]
    assert manifest.desired.policy.undeclared == "ignore"
    assert manifest.platform_file == manifest.files[2]
    assert [entry.file for entry in manifest.desired.entries] == list(manifest.files[1:])


def test_defaults_are_for_their_own_file(write: Callable[..., Path]) -> None:
    write(
        "version: 1\ndefaults: {label: D}\nstorages: [{name: a, type: local, default_url: /a}]",
        "a.yaml",
    )
    write("version: 1\nstorages: [{name: b, type: local, default_url: /b}]", "b.yaml")
    entries = load(["a.yaml", "b.yaml"], {}).desired.entries
    assert [entry.label for entry in entries] == ["D", None]


def test_all_problems_of_all_files_in_reading_order(write: Callable[..., Path]) -> None:
    write("version: 1\nstorages:\n  - {name: a, type: local}\n  - {name: no}\nlable: x\n", "a.yaml")
    write("version: [\n", "b.yaml")
    write("version: 1\npolicy: {max_removals: '${N}'}\nstorages: [{name: a}]\n", "c.yaml")
    write("version: 1\npolicy: {}\n", "d.yaml")
    with pytest.raises(ManifestError) as caught:
        load(["d.yaml", "c.yaml", "b.yaml", "a.yaml"], {})
    places = [(p.file, p.line, p.column, p.path) for p in caught.value.problems]
    assert places == [
        ("c.yaml", 2, 1, ("policy",)),
        ("c.yaml", 2, 24, ("policy", "max_removals")),
        ("c.yaml", 3, 12, ("storages", 0)),
        ("b.yaml", 2, 1, ()),
        ("a.yaml", 3, 5, ("storages", 0)),
        ("a.yaml", 3, 12, ("storages", 0, "name")),
        ("a.yaml", 4, 5, ("storages", 1)),
        ("a.yaml", 4, 12, ("storages", 1, "name")),
        ("a.yaml", 5, 1, ("lable",)),
    ]


def test_one_problem_for_one_value(problems: Callable[..., list[str]]) -> None:
    text = "version: 1.0\nstorages:\n  - {name: '${X}', type: yes, default_url: *u }\n"
    assert len(problems(text)) == 4


def test_the_same_file_twice_is_read_once(write: Callable[..., Path]) -> None:
    path = write("version: 1\nstorages: [{name: a, type: local, default_url: /a}]", "f/m.yaml")
    assert len(load(["f/m.yaml", str(path), "f", "f/../f/m.yaml"], {}).desired.entries) == 1


def test_a_path_that_does_not_exist(write: Callable[..., Path]) -> None:
    write("version: 1")
    with pytest.raises(UsageError, match=r"nothing\.yaml' does not exist"):
        load(["m.yaml", "nothing.yaml"], {})
    with pytest.raises(UsageError, match=r"'https://\*\*\*@h/x' does not exist"):
        load(["https://u:s3cr3t@h/x"], {})


def test_importing_the_package_is_cheap() -> None:
    heavy = ["jsonschema", "dotenv", "confusable_homoglyphs", "difflib"]
    code = f"import sys, reconciler.manifest; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_valid_manifest_needs_no_explanations(write: Callable[..., Path]) -> None:
    write("version: 1\ndefaults: {type: local}\nstorages: [{name: a, default_url: /a}]")
    heavy = ["jsonschema", "dotenv", "difflib"]
    code = (
        "import sys; from reconciler.manifest import load; load(['m.yaml'], {}); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_entry_says_more_of_its_objective_than_the_manifest(
    load_text: Callable[..., Any],
) -> None:
    desired = load_text(
        """
version: 1
proof: {every: "${CYCLE}d", exclude: [.snapshot/]}
storages:
  - {name: a, type: local, default_url: /a}
  - {name: b, type: local, default_url: /b, proof: {every: 12h, settled: 0d}}
  - {name: c, type: local, default_url: /c, proof: {exclude: []}}
""",
        {"CYCLE": "90"},
    ).desired
    day = 86_400
    assert [desired.objective(entry) for entry in desired.entries] == [
        Objective(90 * day, 7 * day, (".snapshot/",)),
        Objective(12 * 3_600, 0, (".snapshot/",)),
        Objective(90 * day, 7 * day, ()),
    ]


def test_without_a_word_of_it_there_is_no_objective(load_text: Callable[..., Any]) -> None:
    desired = load_text(
        """
version: 1
storages:
  - {name: a, type: local, default_url: /a}
  - {name: b, type: local, default_url: /b, proof: {}}
"""
    ).desired
    assert [desired.objective(entry) for entry in desired.entries] == [None, Objective()]
    assert (Objective().every, Objective().settled) == (30 * 86_400, 7 * 86_400)
