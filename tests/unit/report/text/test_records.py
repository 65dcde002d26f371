"""Into a pipe or file: one record a line, its parts two blanks apart, and nothing wrapped."""

import re

import msgspec
import pytest

from reconciler.model import Problem, State
from reconciler.report import markdown, text
from reconciler.report.sentences.drift import drift_of
from reconciler.report.style import UNBOUNDED, Style
from reconciler.report.text.lines import columns, wrapped

RECORDS = Style(width=UNBOUNDED, records=True)
PAINTED = Style(colour=True)
LONG = "a label that is much too long for one line of any terminal that people use " * 3


def parts(line):
    return re.split(" {2,}", line)


def three(make):
    before = make.values("nas", "NAS")
    return make.plan(
        make.remove("old"),
        make.update(before, msgspec.structs.replace(before, label=LONG)),
        make.create("raw frames", label=LONG),
    )


def test_each_operation_of_a_plan_is_a_line(make):
    told = text.plan(three(make), RECORDS).splitlines()
    (raw,) = [line for line in told if line.startswith("+ ")]
    assert parts(raw) == [
        "+ raw frames",
        "local at file:///data/raw frames",
        f"label: {LONG!r}",
    ]
    (nas,) = [line for line in told if line.startswith("~ ")]
    assert parts(nas)[1] == f"label: 'NAS' -> {LONG!r}"
    (old,) = [line for line in told if line.startswith("- ")]
    assert "holds no files" in parts(old)


def test_each_storage_is_a_line_also_if_a_cell_is_empty(make):
    live = (make.storage("raw frames", label=LONG), make.storage("nas", label=""))
    told = text.storages(State(live, "p", None, True), {}, RECORDS).splitlines()
    assert parts(told[0]) == ["NAME", "TYPE", "LOCATION", "LABEL"]
    assert [parts(line)[0] for line in told[1:3]] == ["nas", "raw frames"]
    assert parts(told[1])[3] == "-"
    assert {line.index("file:///") for line in told[1:3]} == {told[0].index("LOCATION")}


def test_each_outcome_and_each_difference_is_a_line(make):
    plan = three(make)
    pairs = [(o, make.outcome(o, "failed", error=LONG)) for o in plan.operations]
    told = text.applied(make.applied(*pairs, remaining=[LONG]), RECORDS).splitlines()
    assert [line[0] for line in told[:3]] == ["-", "~", "+"]
    assert all(LONG.strip() in line for line in told[:3])
    told = text.drift(drift_of(plan), RECORDS).splitlines()
    assert len([line for line in told if line.startswith("! ")]) == 3


def test_many_undeclared_storages_are_listed_once_with_the_advice_once(make):
    names = [f"store-{n:04}" for n in range(1_000)]
    reasons = [make.notice("undeclared", name, f"'{name}': advice") for name in names]
    plan = make.plan(blocked_by=(*reasons, make.notice("max_removals", "", "too many")))
    told = text.plan(plan)
    assert len(told.splitlines()) < 1_020
    assert told.count("policy.undeclared") == 1
    assert all(told.count(name) == 1 for name in names)
    assert told.endswith("BLOCKED by 1,001 reasons: this plan can't be applied.\n")
    assert "max_removals: too many" in told


def test_a_blocked_plan_ends_in_red(make):
    plan = make.plan(blocked_by=(make.notice("undeclared", "nas", "no"),))
    last = text.plan(plan, PAINTED).splitlines()[-1]
    assert last.startswith("\x1b[1;31mBLOCKED by 1 reason")


def interrupted(make, number):
    operations = [make.create(f"s{n}") for n in range(number)]
    why = "interrupted before it began"
    pairs = [(o, make.outcome(o, "not_started", error=why)) for o in operations]
    remaining = [f"create 's{n}'" for n in range(number)]
    return make.applied(*pairs, remaining=remaining, interrupted=True)


def test_what_was_not_started_for_one_reason_is_counted(make):
    told = text.applied(interrupted(make, 18_000))
    assert "… 18,000 operations not started: interrupted before it began\n" in told
    assert "Applied: 18,000 not started.\n" in told
    assert "  … and 17,900 more\n" in told
    assert len(told.splitlines()) < 120
    assert len(text.applied(interrupted(make, 200), Style(verbosity=1)).splitlines()) > 400
    assert "+ s19: not started" in text.applied(interrupted(make, 20))


def test_an_apply_that_has_nothing_to_do_says_so(make):
    assert markdown.applied(make.applied()).startswith(
        "### No changes. Live matches the manifest.\n\nDigest "
    )


@pytest.mark.parametrize("width", [1, 20, 60])
def test_messages_are_broken_between_words(width):
    message = (
        "Error: there is no 'raw frames' here\n  - give --detailed-exitcode\n\nsee /srv/x-y.yaml"
    )
    told = wrapped(message, width)
    assert told.split() == message.split()
    words = {"'raw frames'", "--detailed-exitcode", "/srv/x-y.yaml"}
    lines = told.splitlines()
    assert all(any(word in line for line in lines) for word in words)
    assert all(
        columns(line) <= width or " " not in line.replace("raw frames", "").strip()
        for line in lines
    )


def test_painted_lines_are_not_broken_again():
    painted = Style(colour=True).paint("word " * 20, "red")
    assert wrapped(painted, 20) == painted


def test_a_failure_is_a_document():
    told = markdown.failure("it *failed*\nsee the log", 6)
    assert told == "### Error (exit code 6)\n\nit &#42;failed&#42;\n\nsee the log\n"
    assert text.problems([Problem("f", "m")], RECORDS)
