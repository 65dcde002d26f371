"""What formats make of verdicts, where it is more than to write them down."""

import json

import pytest
from msgspec.structs import replace

from reconciler.model import Notice, Problem
from reconciler.report.findings import ERROR, WARNING, Finding
from reconciler.report.sentences.drift import drift_of
from reconciler.report.verdicts import github, gitlab, gitlab_widget, junit, sarif
from reconciler.report.verdicts.manifests import of_failure, of_problems_in, of_valid
from reconciler.report.verdicts.plans import of_drift, of_plan
from reconciler.report.verdicts.verdict import Verdict, fingerprints
from support.outputs import documents, runners


def many(number, level=ERROR):
    found = (
        Finding("manifest", level, f"wrong {n}", file="a.yaml", line=n + 1) for n in range(number)
    )
    return Verdict("validate", "invalid", "Many.", tuple(found))


@pytest.mark.parametrize(
    ("number", "annotated", "beside"), [(0, 0, 0), (10, 10, 0), (11, 10, 2), (500, 10, 491)]
)
@pytest.mark.parametrize("level", [ERROR, WARNING])
def test_github_gets_ten_annotations_of_each_kind_and_the_log_the_rest(
    number, annotated, beside, level
):
    told = github.written(many(number, level))
    found = [command for command in runners.commands(told) if command.name == level]
    assert len(found) == annotated
    plain = [line for line in told.splitlines() if line.startswith(f"{level}: a.yaml:")]
    assert len(plain) == beside
    if beside:
        assert found[-1].data == f"{beside} more {level}s: in the log below"
    assert told.endswith("\nMany.\n") or not number


def test_a_long_message_is_cut_where_the_runner_would_and_says_so():
    verdict = Verdict("plan", "error", "x", (Finding("failed", ERROR, "%" * 60_000),))
    (command,) = runners.commands(github.written(verdict))
    assert len(command.data) <= 4_096
    assert command.data.endswith("(cut: the summary of the job, and its log, have all of it)")


def test_an_annotation_says_where():
    found = Finding(
        "manifest", ERROR, "is, wrong: 100%", "hint", file="a,b:c/%.yaml", line=3, column=4
    )
    (command,) = runners.commands(github.written(Verdict("validate", "invalid", "x", (found,))))
    assert command.name == "error"
    assert command.properties == {
        "title": "manifest",
        "file": "a,b:c/%.yaml",
        "line": "3",
        "col": "4",
    }
    assert command.data == "is, wrong: 100% (hint)"


def test_outputs_of_a_step(make):
    plan = make.plan(make.create("a"), make.remove("b", holds_files=True))
    told = runners.outputs(github.outputs(replace(of_plan(plan), exit_code=2)))
    assert told == {
        "status": "changes",
        "exit_code": "2",
        "digest": plan.digest,
        "counts": '{"create":1,"update":0,"remove":1,"reasons":0,"warnings":0}',
        "errors": "0",
        "warnings": "1",
        "headline": "Plan: 1 to create, 0 to update, 1 to remove.",
    }


def test_a_removal_is_a_warning_that_says_what_is_lost(make):
    (finding,) = of_plan(make.plan(make.remove("b", holds_files=True))).findings
    assert (finding.rule, finding.level, finding.name) == ("removal", WARNING, "b")
    assert finding.message.startswith("'b' will be removed from the platform; it HOLDS FILES")


def blocked(make):
    reasons = [Notice("undeclared", name, f"'{name}' is undeclared") for name in ("a", "b")]
    return make.plan(make.create("c"), blocked_by=tuple(reasons))


def test_each_blocking_reason_is_an_error_of_its_own(make):
    verdict = of_plan(blocked(make))
    assert verdict.status == "blocked"
    assert [(f.rule, f.name) for f in verdict.of_level(ERROR)] == [
        ("undeclared", "a"),
        ("undeclared", "b"),
    ]
    suites = documents.junit(junit.written(verdict))
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("3", "2", "0")
    assert [case.get("name") for case in suites.iter("testcase")] == [
        "plan",
        "undeclared: a",
        "undeclared: b",
    ]


def test_what_nobody_knows_is_no_number_for_the_widget(make):
    assert documents.widget(gitlab_widget.written(of_failure("no answer", "plan", 1))) == {
        "error": "Error (exit code 1)."
    }
    problems = [Problem("a.yaml", "is wrong")]
    told = documents.widget(gitlab_widget.written(of_problems_in(problems, "plan", 65)))
    assert told == {"error": "1 problem in 1 file."}
    plan = make.plan(make.create("a"), make.remove("b"))
    told = documents.widget(gitlab_widget.written(of_plan(plan)))
    assert told == {"create": 1, "update": 0, "delete": 1}
    told = documents.widget(gitlab_widget.written(of_drift(drift_of(plan))))
    assert told == {"create": 1, "update": 0, "delete": 1}


def test_what_could_not_be_looked_at_is_an_error_and_no_failure():
    suites = documents.junit(junit.written(of_failure("no answer\nSee this.", "plan", 1)))
    assert (suites.get("failures"), suites.get("errors")) == ("0", "1")
    (error,) = suites.iter("error")
    assert error.get("message") == "no answer See this."


def test_a_valid_manifest_passes_and_its_warnings_are_told():
    warnings = [Notice("near_duplicate", "a", "'a' and 'A'")]
    suites = documents.junit(junit.written(of_valid(1, 2, warnings)))
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    (case,) = suites.iter("testcase")
    assert case.findtext("system-out") == "near_duplicate: 'a' and 'A'"


def problem(message, line, index):
    path = ("storages", index, "label")
    return Problem("a.yaml", message, path, line=line, column=1)


def test_a_finding_is_known_again_when_lines_move():
    def marks(*problems):
        return list(fingerprints(of_problems_in(problems, "validate", 65).findings))

    before = marks(problem("a is wrong", 3, 0), problem("b is wrong", 4, 1))
    after = marks(problem("a is wrong", 7, 2), problem("b is wrong", 9, 3))
    assert before == after
    twice = marks(problem("a is wrong", 3, 0), problem("a is wrong", 4, 1))
    assert twice[0] == before[0]
    assert len(set(twice)) == 2


def test_what_stands_nowhere_has_a_place_all_the_same():
    verdict = replace(of_failure("no answer", "plan", 1), file="infra/storages.yaml")
    (entry,) = documents.quality(gitlab.written(verdict))
    assert entry["location"] == {"path": "infra/storages.yaml", "lines": {"begin": 1}}
    assert entry["severity"] == "blocker"
    run = documents.sarif(sarif.written(verdict))
    (invocation,) = run["invocations"]
    assert invocation == {"executionSuccessful": False, "exitCode": 1}
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "infra/storages.yaml", "uriBaseId": "%SRCROOT%"}


def test_paths_of_sarif_are_uris():
    found = (
        Finding("manifest", ERROR, "x", file="a b/ä#?.yaml", line=2, column=3, end_column=9),
        Finding("manifest", ERROR, "y", file="/elsewhere/c.yaml", line=1),
    )
    run = documents.sarif(sarif.written(Verdict("validate", "invalid", "x", found)))
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0]["artifactLocation"]["uri"] == "a%20b/%C3%A4%23%3F.yaml"
    assert places[0]["region"] == {"startLine": 2, "startColumn": 3, "endColumn": 9}
    assert places[1]["artifactLocation"] == {"uri": "file:///elsewhere/c.yaml"}


def test_json_of_counts_has_no_line_end():
    verdict = Verdict("verify", "agrees", "a\nb", counts={"of": 1})
    told = runners.outputs(github.outputs(verdict))
    assert json.loads(told["counts"]) == {"of": 1}
    assert told["headline"] == "a\\nb"


def test_github_takes_no_more_results_than_that():
    run = json.loads(sarif.written(many(25_003)))["runs"][0]
    assert (len(run["results"]), run["properties"]["leftOut"]) == (25_000, 3)
