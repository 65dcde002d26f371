"""Whatever text a finding holds, its readers see that text and nothing else."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.printable import commandless, commandless_quoted, shown
from reconciler.report.findings import ERROR, Finding
from reconciler.report.markdown.escape import code, prose
from reconciler.report.verdicts import github, gitlab, junit, sarif
from reconciler.report.verdicts.verdict import Case, Verdict
from support.outputs import comments, documents, runners
from support.sampling import examples

#: Parts of which commands, markup and links are made, beside any character.
_PARTS = ["::", "##[", "]", "error", "set-output", " ", "\n", "\r", "\u2028", "%0A", "%25", ","]
_PARTS += [":", "`", "```", "|", "<b>", "&lt;", "[a](b)", "\\", "@a", "#1", "https://a.example/"]
_PARTS += [
    "'",
    "_",
    "*",
    "\x1b[31m",
    "section_start:",
    "##vso[x]",
    "##teamcity[x]",
    "<!--",
    "GH-1",
    "www.a.example",
    "1ftp://a.example",
    "!1",
    "/close",
    "]]>",
    "\ud800",
]
_PARTS += ["\u202e", "~~", "$", "GH-1", "!1", "/close"]
TEXT = st.lists(st.sampled_from(_PARTS) | st.text(max_size=3), max_size=12).map("".join)


def verdict(text):
    finding = Finding(text, ERROR, text, text, name=text, file=text, line=3, column=4, path=text)
    return Verdict("plan", "changes", text, (finding,), (Case(text, (finding,)),))


@given(TEXT)
@example("::error::x")
@example("x##[error]y")
@settings(max_examples=examples(40, 3_000))
def test_the_runner_sees_one_annotation(text):
    told = github.written(verdict(text))
    lines = told.splitlines()
    (command,) = runners.commands("\n".join(lines[:1]))
    assert command.name == "error"
    assert command.data == commandless_quoted(f"{shown(text)}: {shown(text)} ({shown(text)})") or (
        not text
    )
    assert runners.others(told) == []
    assert list(runners.commands(commandless("\n".join(lines[1:])))) == []
    outputs = runners.outputs(github.outputs(verdict(text)))
    assert set(outputs) >= {"status", "headline", "counts"}


@given(TEXT)
@settings(max_examples=examples(25, 2_000))
def test_documents_keep_their_shape(text):
    suites = documents.junit(junit.written(verdict(text)))
    (case,) = suites.iter("testcase")
    assert case.get("name") == shown(text).replace("\t", " ")
    (entry,) = json.loads(gitlab.written(verdict(text)))
    assert entry["check_name"] == text
    (result,) = json.loads(sarif.written(verdict(text)))["runs"][0]["results"]
    plain = result["message"]["text"].replace("\\[", "[").replace("\\]", "]").replace("\\\\", "\\")
    assert shown(text) in plain


@given(TEXT)
@example(" /close")
@example("GH-1 !1 @a #1")
@example("see www.a.example, 1ftp://a.example")
@settings(max_examples=examples(60, 4_000))
def test_a_reader_of_markdown_sees_text(text):
    for told in (
        prose(text),
        f"- {prose(text)}",
        f"- {code(text)}",
        f"| a |\n|---|\n| {code(text)} |",
    ):
        seen = comments.seen(told)
        assert (seen.tags, seen.links, seen.mentions) == ((), (), ()), told
