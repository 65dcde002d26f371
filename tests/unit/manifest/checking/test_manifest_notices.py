"""Warnings: relative folders, and two entries at one location."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.location import aws_url, location, sanitize_local_url
from reconciler.manifest import load
from reconciler.manifest.checking.warnings import same_places
from reconciler.model import Entry
from support.sampling import examples


@pytest.mark.parametrize("url", ["data/nas", "./nas", "~/nas", "nas", "..", "é/x"])
def test_a_relative_folder(load_text: Callable[..., Any], url: str) -> None:
    (notice,) = load_text(
        f"version: 1\nstorages:\n  - name: nas\n    type: local\n    default_url: '{url}'\n"
    ).warnings
    assert (notice.code, notice.name) == ("relative_path", "nas")
    assert notice.message.startswith("'nas': the folder is relative")


@pytest.mark.parametrize(
    "url", ["/data", "file:///data", "FILE:///d", "file://host/d", r"C:\data", "d:/x", r"\\nas\d"]
)
def test_an_absolute_folder(load_text: Callable[..., Any], url: str) -> None:
    text = f"version: 1\nstorages: [{{name: nas, type: local, default_url: '{url}'}}]"
    assert load_text(text).warnings == ()


def test_a_relative_folder_from_defaults(load_text: Callable[..., Any]) -> None:
    text = "version: 1\ndefaults: {default_url: x}\nstorages:\n  - {name: nas, type: local}\n"
    (notice,) = load_text(text).warnings
    assert (notice.code, notice.name) == ("relative_path", "nas")


def test_entries_at_one_location(write: Callable[..., Path]) -> None:
    write(
        """version: 1
storages:
  - {name: a, type: local, default_url: /d}
  - {name: b, type: S3, region: eu-central-2, bucket: lab}
  - {name: c, type: local, default_url: "file:///d/"}
""",
        "one.yaml",
    )
    write(
        """version: 1
storages:
  - {name: e, type: S3, default_url: "s3://lab"}
  - {name: f, type: S3, region: us-east-1, bucket: lab}
  - {name: g, type: local, default_url: "d"}
""",
        "two.yaml",
    )
    notices = load(["one.yaml", "two.yaml"], {}).warnings
    assert [(n.code, n.name, n.message.partition(" lie ")[0]) for n in notices[1:]] == [
        ("same_location", "a", "'a', 'c'"),
        ("same_location", "b", "'b', 'e', 'f'"),
    ]
    assert (notices[0].code, notices[0].name) == ("relative_path", "g")
    assert load(["two.yaml", "one.yaml"], {}).warnings == notices


def test_many_entries_at_one_location_are_not_all_named(load_text: Callable[..., Any]) -> None:
    entries = "".join(f"  - {{name: s-{n:02}, type: local, default_url: /d}}\n" for n in range(25))
    (notice,) = load_text(f"version: 1\nstorages:\n{entries}").warnings
    assert "'s-19' and 5 more lie at one location" in notice.message
    assert "s-20" not in notice.message


def test_regions_count_if_all_name_one(load_text: Callable[..., Any]) -> None:
    text = """version: 1
defaults: {type: S3, bucket: lab}
storages:
  - {name: a, region: eu-central-2}
  - {name: b, region: us-east-1}
  - {name: c, region: us-east-1}
"""
    (notice,) = load_text(text).warnings
    assert notice.message.startswith("'b', 'c' lie at one location")


def test_names_in_warnings_are_escaped(load_text: Callable[..., Any]) -> None:
    text = 'version: 1\nstorages: [{name: "a\\u202e0m", type: local, default_url: d}]'
    (notice,) = load_text(text).warnings
    assert r"'a\u202e0m'" in notice.message


local_urls = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "file://", "FILE://"]),
    st.sampled_from(["/", "/d", "d", "h/d", "C:\\d"]),
    st.sampled_from(["", "/", "//"]),
)
s3_urls = st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://", "HTTPS://", "http://", "s3://"]),
    st.sampled_from(
        [
            "lab",
            "h:443",
            "h",
            "H:80",
            "s3.eu-central-2.amazonaws.com",
            "lab.s3.us-east-1.amazonaws.com",
        ]
    ),
    st.sampled_from(["", "/", "/lab", "/lab/", "/Lab", "?q", "/lab?q"]),
)
regions = st.sampled_from(["eu-central-2", "us-east-1", "cn-north-1", "us-gov-west-1"])
buckets = st.sampled_from(["lab", "Lab", "lab2"])


def aws(region: str, bucket: str) -> Entry:
    return Entry("n", "S3", aws_url(region, bucket), region=region, bucket=bucket)


entries = st.one_of(
    st.builds(lambda url: Entry("n", "local", sanitize_local_url(url)), local_urls),
    st.builds(lambda url: Entry("n", "S3", url), s3_urls),
    st.builds(aws, regions, buckets),
)


@settings(deadline=None, max_examples=examples(120, 500))
@given(entries=st.lists(entries, max_size=6))
def test_the_short_way_finds_what_comparing_all_pairs_finds(entries: list[Entry]) -> None:
    places = [location(entry.type, entry.default_url) for entry in entries]
    expected = {
        at
        for at, place in enumerate(places)
        if any(place.same(other) for before, other in enumerate(places) if before != at)
    }
    by_identity = {id(entry): at for at, entry in enumerate(entries)}
    found = [[by_identity[id(entry)] for entry in group] for group in same_places(entries)]
    assert {at for group in found for at in group} == expected
    assert sum(map(len, found)) == len(expected)
