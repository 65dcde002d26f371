"""Pages as a parser sees them: strangers' words are words, and the policy fits what is in them."""

from __future__ import annotations

import re
import sys

import pytest
from jinja2 import UndefinedError
from msgspec.structs import replace

from reconciler.errors import UsageError
from reconciler.journal.read import ENDED, OperationRecord, Run
from reconciler.model import Problem
from reconciler.printable import commandless, commandless_quoted, shown
from reconciler.report import html
from reconciler.report.formats import report_in
from reconciler.report.html import escape, writing
from reconciler.report.html.page import Page
from reconciler.report.sentences.drift import drift_of
from support.outputs import pages

HOSTILE = (
    "</style></script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- --><![CDATA[ ]]>&lt;b&gt;&#60;",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "::set-output name=x::y\n::error::z",
    "##[command]x ##vso[task.x]y section_start:1:x",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "lone \ud800 surrogate",
    "long " + "x" * 60_000,
)


def checked(page: str) -> pages.Seen:
    """Read a page, and check that it is markup of ours and no command to a runner."""
    assert commandless(page) == page == commandless_quoted(page)
    return pages.seen(page)


def run_with(text):
    entry = OperationRecord("k", text, text, text, error=text, previous_name=text, retries=1)
    return Run(
        run=text,
        state=ENDED,
        started_at=text,
        exit=1,
        platform=text,
        actor=text,
        host=text,
        commit=text,
        job_url=text,
        planned=1,
        summary={text: 1},
        operations=(entry,),
        damage=text,
    )


def hostile_plan(make, text):
    before = make.values(text, label=text, type=text, url=text)
    return make.plan(
        make.create(text, label=text, type=text, url=text),
        make.update(before, replace(before, name=f"{text}2", label="other"), id=text),
        make.remove(text, holds_files=True, reason=text, label=text, type=text, url=text),
        blocked_by=(make.notice("location_change", text, text), make.notice(text, text, text)),
        warnings=(make.notice(text, text, text),),
        undeclared=(text, f"{text}3"),
        consents=(make.consent(text, text, text),),
        account=text,
        platform=text,
        digest=text,
        created_at=text,
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_words_of_strangers_are_words(make, text):
    plan = hostile_plan(make, text)
    seen = checked(html.plan(plan))
    visible = shown(text)
    assert visible in seen.text
    told = [
        html.drift(drift_of(plan)),
        html.failure(text, 1),
        html.problems([Problem(text, text, ("storages", 0, text), 1, 1, text)]),
        html.valid(1, 1, plan.warnings),
        html.run(run_with(text)),
        html.runs([run_with(text)]),
        html.operations([run_with(text)]),
        html.applied(
            make.applied(
                (plan.operations[0], make.outcome(plan.operations[0], "failed", error=text)),
                remaining=(text,),
            )
        ),
    ]
    for page in told:
        # A message of several lines is a paragraph for each; what it has in quotes loses these.
        read = checked(page).text.replace("'", "")
        assert all(shown(line).replace("'", "") in read for line in text.splitlines())


def test_what_stands_for_a_hidden_character_is_marked():
    assert escape.code("a\u202eb") == "<code>a<mark>\\u202e</mark>b</code>"
    assert escape.code("a\\u202eb") == "<code>a\\u202eb</code>"  # somebody typed that
    assert escape.safe("a\u202eb") == "a\\u202eb"


def test_messages_have_their_names_as_code():
    assert escape.prose("'a <b>' is at s3://x/y: see `plan`") == (
        "<code>a &lt;b&gt;</code> is at <code>s3://x/y</code>: see <code>plan</code>"
    )


def test_a_template_that_lacks_a_value_fails():
    with pytest.raises(TypeError, match="not there"):
        escape.safe(None)
    with pytest.raises(UndefinedError):
        writing._environment().from_string("{{ page.nothing }}").render(page=Page("", "", ""))


def test_what_blocks_comes_first_then_what_is_removed(make):
    reason = make.notice("protected", "scratch", "'scratch' is protected")
    plan = make.plan(
        make.create("raw"),
        make.update(make.values("nas"), make.values("nas", label="Other")),
        make.remove("scratch", holds_files=True),
        blocked_by=(reason,),
        warnings=(make.notice("w", "", "a warning"),),
        undeclared=("left",),
    )
    seen = checked(html.plan(plan))
    order = re.findall(
        r"What blocks it|To remove|Warnings|To update|To create|left alone", seen.of("h2")
    )
    assert order == [
        "What blocks it",
        "To remove",
        "Warnings",
        "To update",
        "To create",
        "left alone",
    ]
    assert "BLOCKED by 1 reason" in seen.of("p")
    assert "1 storage WOULD BE REMOVED" in seen.of("p")
    assert "HOLDS FILES: the platform's records of these files will be lost" in seen.of("p")
    for word in ("blocked", "remove", "before", "after"):
        assert word in seen.of("span").lower()


def test_each_operation_has_what_was_and_what_will_be(make):
    before = make.values("nas", label="NAS", url="https://me:secret@minio/b")
    page = html.plan(make.plan(make.update(before, replace(before, name="new", label="New"))))
    told = " ".join(" ".join(text for _, text in checked(page).texts).split())
    assert "update new was nas" in told
    assert "name before nas after new label before NAS after New type local" in told
    assert "secret" not in page
    assert "https://***@minio/b" in page


def test_no_secret_is_on_a_page_of_runs():
    run = replace(run_with("x"), job_url="https://ci:secret@ci/1", platform="https://a:secret@b")
    for page in (html.runs([run]), html.operations([run]), html.run(run)):
        assert "secret" not in page


def test_what_is_cut_says_where_the_rest_is(make):
    entry = OperationRecord("k", "create", "nas", "done")
    run = replace(run_with("x"), operations=(entry,) * 250, damage="")
    assert "150 more: reconciler history x has them all" in checked(html.runs([run])).text
    assert checked(html.run(run)).tags.count("h3") == 250


def test_without_the_extra_a_page_is_refused_with_its_name(monkeypatch):
    monkeypatch.delitem(sys.modules, "reconciler.report.html")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match=r"-o html needs the extra 'html'.*\[html\]"):
        report_in("html")
