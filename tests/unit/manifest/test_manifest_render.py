"""What is written reads back as the same storages, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.location import aws_url, sanitize_local_url
from reconciler.manifest import load, render
from reconciler.manifest.render import scalar
from reconciler.masking import has_secret
from reconciler.model import Storage, unmanaged_because
from reconciler.schemas import EDITOR_LINE
from support.sampling import examples

ODD = [
    "no", "Yes", "on", "y", "N", "null", "~", "", " ", " lead", "trail ", "1.10", "012", "1_000",
    "0x1F", "1e3", ".inf", "12:30:45", "2024-01-01", "=", "<<", "-", "- a", "? a", ": a", "a: b",
    "a:", "a #b", "#a", "$", "$$", "${A}", "$${A}", "a$", "'", '"', "\\", "\\n", "a'b\"c", "*a",
    "&a", "!a", "|", ">", "%a", "@a", "`a", "[a]", "{a}", "a, b", "---", "...", "--- a", "%YAML",
    "a\nb", "\n", "a\r\nb", "\t", "a\tb", "\x00", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028",
    "\u2029", "\ufeff", "\ufeffa", "\ufffe", "\uffff", "\u202eabc", "é", "日本", "🧪", "e\u0301",
    "true", "false", "0", "12", "a" * 500, "word " * 100, "𝐀", "\U0010ffff", "~move-1", "http://x",
]  # fmt: skip


def storage(name: str = "nas", label: str = "L", type: str = "local", url: str = "/d") -> Storage:
    return Storage("id-1", name, label, type, url)


def test_the_text() -> None:
    text = render(
        [
            storage("nas 2", "no", "local", "file:///data/$nas"),
            Storage("7f", "aws", "Raw", "S3", aws_url("eu-central-2", "lab-raw")),
            Storage("8f", "minio", "", "S3", "https://server:9000/b"),
        ],
        platform="sqlite:///p.db",
        with_ids=False,
    )
    assert text == (
        "# yaml-language-server: $schema=manifest.schema.json\n"
        "version: 1\n"
        "platform: sqlite:///p.db\n"
        "storages:\n"
        "  - name: aws\n"
        "    label: Raw\n"
        "    type: S3\n"
        "    region: eu-central-2\n"
        "    bucket: lab-raw\n"
        "  - name: minio\n"
        '    label: ""\n'
        "    type: S3\n"
        "    default_url: https://server:9000/b\n"
        "  - name: nas 2\n"
        '    label: "no"\n'
        "    type: local\n"
        "    default_url: file:///data/$$nas\n"
    )


def test_ids_and_no_platform() -> None:
    text = render([storage()], platform=None, with_ids=True)
    assert text.endswith("    id: id-1\n")
    assert "platform" not in text


def test_nothing_to_declare(load_text: Callable[..., Any]) -> None:
    text = render([], platform=None, with_ids=True)
    assert text == f"{EDITOR_LINE}\nversion: 1\nstorages: []\n"
    assert load_text(text).desired.entries == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-central-2.amazonaws.com/lab-raw/",
        "https://s3.eu-central-2.amazonaws.com/lab-raw/prefix",
        "https://s3.eu-central-2.amazonaws.com/lab-raw\n",
        "https://s3.eu-central-2.amazonaws.com/ab",
        "https://s3.eu-central-2.amazonaws.com/a b c",
        "https://s3.eu-central-٢.amazonaws.com/lab-raw",
        "https://s3.cn-north-1.amazonaws.com/lab-raw",
        "https://s3.eu-central-2.amazonaws.com.cn/lab-raw",
        "https://lab-raw.s3.eu-central-2.amazonaws.com",
        "HTTPS://s3.eu-central-2.amazonaws.com/lab-raw",
        "s3://lab-raw",
    ],
)
def test_region_and_bucket_only_if_they_give_that_very_url(url: str) -> None:
    text = render([storage(type="S3", url=url)], platform=None, with_ids=False)
    assert "default_url: " in text
    assert "bucket: " not in text


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eu-central-2"])
def test_region_and_bucket_of_each_partition(region: str) -> None:
    text = render([storage(type="S3", url=aws_url(region, "lab"))], platform=None, with_ids=False)
    assert f"region: {region}\n    bucket: lab\n" in text


@pytest.mark.parametrize("text", ODD)
def test_a_scalar_is_text_for_every_reader(text: str) -> None:
    written = scalar(text)
    (value,) = yaml.safe_load(f"- {written}")
    assert value == text.replace("$", "$$")
    assert written.isprintable()
    if not written.startswith('"'):
        assert re.fullmatch(r"[\w./:,+@%=~$ -]+", written)


@pytest.mark.parametrize(
    "text", ["raw-frames", "Raw frames 2", "/data/nas", "https://h:9000/b", "7f0c"]
)
def test_ordinary_text_has_no_quotes(text: str) -> None:
    assert scalar(text) == text


texts = (
    st.text() | st.sampled_from(ODD) | st.text(alphabet=st.sampled_from("a1:# -'\"$\n{}[],&*.~"))
)
urls = st.one_of(
    st.builds(
        "{}{}".format, st.sampled_from(["https://", "S3://", "http://h/", "file:///"]), texts
    ),
    texts,
    st.builds(
        aws_url,
        st.sampled_from(["eu-central-2", "cn-north-1", "eu", "us-gov-west-1"]),
        st.sampled_from(["lab", "a", "a/b", "-ab", "lab.x_y", "b" * 256]) | texts,
    ),
)
storages = st.builds(Storage, texts, texts, texts, st.sampled_from(["S3", "local"]), urls)


@settings(
    deadline=None,
    max_examples=examples(40, 1_000),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    live=st.lists(storages, max_size=4, unique_by=(lambda s: s.id, lambda s: s.name)),
    with_ids=st.booleans(),
    platform=st.none()
    | st.text(min_size=1).map("sqlite:///{}".format).filter(lambda url: not has_secret(url)),
)
@example(
    live=[Storage(*[text or "e"] * 3, "local", text or "e") for text in ODD],
    with_ids=True,
    platform="${A}",
)
def test_what_is_written_reads_back_as_the_same_storages(
    tmp_path: Path, live: list[Storage], with_ids: bool, platform: str | None
) -> None:
    live = [s for s in live if s.id and unmanaged_because(s) is None]
    path = tmp_path / "m.yaml"
    path.write_text(render(live, platform=platform, with_ids=with_ids), "utf-8", newline="\n")
    manifest = load([str(path)], {})
    assert manifest.platform == platform
    assert [(e.name, e.label, e.type, e.default_url, e.id) for e in manifest.desired.entries] == [
        (
            s.name,
            s.label,
            s.type,
            sanitize_local_url(s.default_url) if s.type == "local" else s.default_url,
            s.id if with_ids else None,
        )
        for s in sorted(live, key=lambda s: s.name)
    ]


@settings(deadline=None, max_examples=examples(15, 50))
@given(live=st.lists(storages, max_size=4, unique_by=lambda s: s.name), data=st.data())
def test_the_order_given_does_not_matter(live: list[Storage], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(live))
    texts = [render(each, platform=None, with_ids=True) for each in (live, shuffled)]
    assert texts[0] == texts[1]
