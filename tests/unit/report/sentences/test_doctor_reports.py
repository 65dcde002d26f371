"""What `doctor` prints, in each format."""

import json as standard

import pytest
from msgspec.structs import replace

from reconciler.health.platform import Facts
from reconciler.platform import Abilities, About
from reconciler.report import json, markdown, text
from reconciler.report.style import Style

WELL = Facts(
    "https://storages.example.org",
    tool_version="0.1.0",
    python="3.13.0 on Linux x86_64",
    abilities=Abilities(
        lock=True, idempotency_key=True, conditional_write=True, record_inventory=True
    ),
    platform_id="5d41402a-bc4b-2a76-b971-9d911017c592",
    about=About("reconciler 0.1.0", "ci", "operator", True, "2026-11-22T10:00:00Z"),
    clock_ahead=-3.4,
    live=9_123,
    complete=True,
)
POOR = replace(
    WELL,
    address="jetraw://lab",
    abilities=Abilities(complete_list=None, atomic_update=False, spaces=True, parallelism=1),
    about=About("", "lab|*bot*", None, False, "2026-11-22T10:00:00Z"),
    clock_ahead=95.0,
    complete=None,
)
UNREACHABLE = Facts(
    "https://me:word@storages.example.org",
    tool_version="0.1.0",
    python="3.13.0 on Linux x86_64",
    lock="file:///srv/lock",
    failure="storages.example.org does not answer: connection refused",
)
NEW = replace(
    WELL,
    address="sqlite:////srv/platform.db",
    abilities=Abilities(complete_list=False, parallelism=4),
    platform_id="new",
    about=About("SQLite 3.40.1", may_write=None),
    clock_ahead=None,
    live=1,
    complete=False,
    lock="s3://bucket/key",
)
CASES = {"well": WELL, "poor": POOR, "unreachable": UNREACHABLE, "new": NEW}


@pytest.mark.parametrize("case", CASES)
def test_text(golden, case):
    golden(f"doctor-{case}.txt", text.examined(CASES[case]))


@pytest.mark.parametrize(
    ("name", "style"), [("60", Style(width=60)), ("quiet", Style(verbosity=-1))]
)
def test_text_narrow_and_quiet(golden, name, style):
    golden(f"doctor-poor-{name}.txt", text.examined(POOR, style))


@pytest.mark.parametrize("case", CASES)
def test_markdown(golden, case):
    golden(f"doctor-{case}.md", markdown.examined(CASES[case]))


@pytest.mark.parametrize("case", ["poor", "unreachable"])
def test_json(golden, case):
    golden(f"doctor-{case}.json", json.examined(CASES[case]))


def test_colour_never_carries_a_meaning_alone():
    coloured = text.examined(POOR, Style(colour=True))
    assert "\x1b[1;31mfailed \x1b[0m  write access" in coloured
    assert "\x1b[33mwarning\x1b[0m  clock" in coloured
    assert "\x1b[32mok     \x1b[0m  account" in coloured


@pytest.mark.parametrize("report", [text, markdown, json])
def test_no_password_of_an_address_is_printed(report):
    facts = replace(UNREACHABLE, lock="https://me:word@storages.example.org/lock")
    told = report.examined(facts)
    assert "word@" not in told
    assert "***@storages.example.org" in told.replace("&#42;", "*")


def test_json_says_in_a_word_whether_all_is_well():
    healthy = [standard.loads(json.examined(facts))["healthy"] for facts in (WELL, NEW, POOR)]
    assert healthy == [True, True, False]
