"""One shape for what is wrong, whatever found it."""

import pytest

from reconciler.model import Notice, Problem
from reconciler.report.findings import ERROR, WARNING, Finding, of_notices, of_problems


@pytest.mark.parametrize(
    ("problem", "subject"),
    [
        (Problem("a.yaml", "m"), ("a.yaml",)),
        (Problem("a.yaml", "m", line=3, column=7), ("a.yaml:3:7",)),
        (Problem("a.yaml", "m", ("storages", 1, "name")), ("a.yaml", "storages[1].name")),
        (Problem("a.yaml", "m", ("lock",), 3, 7), ("a.yaml:3:7", "lock")),
    ],
)
def test_a_problem_is_about_the_place_where_it_stands(problem, subject):
    (finding,) = of_problems([problem])
    assert (finding.level, finding.subject) == (ERROR, subject)


@pytest.mark.parametrize("hint", ["", "did you mean `label`?"])
def test_a_problem_says_the_same_as_a_finding(hint):
    problem = Problem("a.yaml", "unknown key", ("storages", 1), 3, 7, hint)
    (finding,) = of_problems([problem])
    assert finding.text() == problem.text()


def test_a_notice_is_about_its_code_and_keeps_its_storage():
    (finding,) = of_notices([Notice("undeclared", "nas", "it is not declared")], WARNING)
    assert finding == Finding("undeclared", WARNING, "it is not declared", name="nas")
    assert finding.text() == "undeclared: it is not declared"
