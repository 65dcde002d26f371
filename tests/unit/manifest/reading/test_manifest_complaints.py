"""No sentence of a YAML library reaches people, and where the two parsers differ is known."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from yaml import parser, scanner

from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.manifest.reading.yaml_errors import UNKNOWN, complaint

#: Mistakes, one below the other; every one to four lines of it that follow each other are a text.
LINES = Path(__file__).with_name("malformed.txt").read_text(encoding="utf-8").split("\n")
TEXTS = sorted(
    {"\n".join(LINES[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(LINES) - n + 1)}
)
#: What libyaml says, all of it, as far as the scanner and the parser go.
LIBYAML = """\
block sequence entries are not allowed in this context
could not find expected ':'
could not find expected directive name
did not find URI escaped octet
did not find expected '!'
did not find expected ',' or ']'
did not find expected ',' or '}'
did not find expected '-' indicator
did not find expected <document start>
did not find expected alphabetic or numeric character
did not find expected comment or line break
did not find expected digit or '.' character
did not find expected hexdecimal number
did not find expected key
did not find expected node content
did not find expected tag URI
did not find expected version number
did not find expected whitespace
did not find expected whitespace or line break
did not find the expected '>'
exceeded maximum nesting depth
found a tab character that violates indentation
found a tab character where an indentation space is expected
found an incorrect leading UTF-8 octet
found an incorrect trailing UTF-8 octet
found an indentation indicator equal to 0
found character that cannot start any token
found duplicate %TAG directive
found duplicate %YAML directive
found extremely long version number
found incompatible YAML document
found invalid Unicode character escape code
found undefined tag handle
found unexpected ':'
found unexpected document indicator
found unexpected end of stream
found unexpected non-alphabetical character
found unknown directive name
found unknown escape character
mapping keys are not allowed in this context
mapping values are not allowed in this context
""".splitlines()
#: Those that are said of directives and tags only, where the context decides.
IN_CONTEXT = {
    "did not find URI escaped octet": "while parsing a tag",
    "did not find expected '!'": "while parsing a tag",
    "did not find expected digit or '.' character": "while scanning a %YAML directive",
    "did not find expected whitespace": "while scanning a %TAG directive",
    "did not find expected whitespace or line break": "while scanning a tag",
    "found an incorrect leading UTF-8 octet": "while parsing a tag",
    "found an incorrect trailing UTF-8 octet": "while parsing a tag",
    "found unexpected non-alphabetical character": "while scanning a directive",
}
#: Raised in one place only, with a context that says what it is about.
_RAISED = re.compile(r'(?:Scanner|Parser)Error\((?:"([^"]*)"|None).*?,\s+"([^"]*)"', re.DOTALL)


def pure_sentences() -> list[tuple[str, str]]:
    sources = (Path(str(module.__file__)).read_text("utf-8") for module in (scanner, parser))
    found = [pair for source in sources for pair in _RAISED.findall(source)]
    # The two that are filled in with a name are about directives and tags.
    return [
        (problem.replace("%r", "'x'"), context.replace("%s", "tag")) for context, problem in found
    ]


def said(problem: str, context: str | None) -> str:
    mark = yaml.Mark("", 0, 0, 0, None, 0)
    error = yaml.MarkedYAMLError(context=context, problem=problem, problem_mark=mark)
    return complaint(error, b"a").message


def read(text: str, *, pure: bool) -> tuple[list[str], Any]:
    document = Document("m.yaml", text.encode())
    read_tree(document, pure=pure)
    assert all(mistake.line and mistake.column for mistake in document.mistakes)
    return [mistake.message for mistake in document.mistakes], document.tree


@pytest.mark.parametrize("problem", LIBYAML)
def test_each_sentence_of_libyaml_has_one_of_ours(problem: str) -> None:
    assert said(problem, IN_CONTEXT.get(problem)) != UNKNOWN


def test_each_sentence_of_the_pure_parser_has_one_of_ours() -> None:
    sentences = pure_sentences()
    assert len(sentences) > 30
    assert [pair for pair in sentences if said(*pair) == UNKNOWN] == []


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
def test_no_malformed_text_is_told_in_the_words_of_a_library(pure: bool) -> None:
    told = set(chain.from_iterable(read(text, pure=pure)[0] for text in TEXTS))
    assert len(told) > 20
    foreign = re.compile(r"found|expected|while (?:scanning|parsing)|codec|not allowed|could not")
    assert [message for message in told if foreign.search(message) or message == UNKNOWN] == []


#: What libyaml takes, and the pure parser does not; then what it is the other way round.
ONLY_LIBYAML = ["a:\t1", "a: |#c", "a: [\n\tb ]", "a: {\n\tb: 1 }"]
ONLY_PURE = ["{a:}", "{a:, b:}", "%FOO bar\n--- \na: 1", "%FOO\n%FOO bar\n--- \na: 1"]


def test_where_the_parsers_differ_is_known() -> None:
    one, other = [], []
    for text in TEXTS:
        (by_libyaml, tree), (by_python, same) = read(text, pure=False), read(text, pure=True)
        if bool(by_libyaml) != bool(by_python):
            (other if by_libyaml else one).append(text)
        elif not by_libyaml:
            assert tree == same, text
    assert [text for text in one if text not in ONLY_LIBYAML] == []
    assert sorted({text.strip() for text in other}) == sorted(ONLY_PURE)
    assert sorted(one) == sorted(ONLY_LIBYAML)
