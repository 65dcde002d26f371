"""Text as it may be shown: nothing in it is hidden, moves the cursor, or is a command to CI."""

from __future__ import annotations

import re
import unicodedata
from shlex import quote

TYPE_CHECKING = False  # `typing` is dear to whoever only asks for help
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Categories whose members can hide, reorder or break what a terminal shows.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# These patterns are compiled when they are needed: most runs meet none, and it takes a while.
#: By what a runner knows a command, up to a character that is escaped.
_COMMAND = (
    r"(?:\A|[\r\n\v\f\x85\u2028\u2029])(?:\s|\ufeff|\x1b\[[0-9;]*[A-Za-z])*:(?=:)"
    r"|#(?=#[A-Za-z]*\[)|section_(?:start|end):"
)
#: What is one wherever it stands in a line. JSON and YAML have no other than within quotes.
_QUOTED_COMMAND = r"#(?=#[A-Za-z]*\[)|section_(?:start|end):"
#: So many names are told one by one, where a message could name thousands.
NAMED = 20


def shown(text: str) -> str:
    r"""Return `text` with control, bidirectional and other invisible characters escaped.

    >>> shown("a\nb")
    'a\\nb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) for char in text)


def quoted(text: str) -> str:
    """Return a name as messages print it: escaped, in single quotes."""
    return f"'{shown(text)}'"


def word(text: str) -> str:
    r"""Return a text as one word of a command for a shell, in one line.

    >>> word("a b"), word("a\n'b")
    ("'a b'", "$'a\\n\\'b'")
    """
    if shown(text) == text:
        return quote(text)
    return f"$'{''.join(map(_in_shell, text))}'"


def printed(text: str) -> str:
    """Return an address as messages print it: in quotes, and so escaped that a shell takes it."""
    return quoted(text) if shown(text) == text else word(text)


def listed(names: Sequence[str], how: Callable[[str], str] = quoted) -> str:
    """Return names as messages list them: the first ones, and how many more there are."""
    told = ", ".join(map(how, names[:NAMED]))
    return f"{told} and {len(names) - NAMED:,} more" if len(names) > NAMED else told


def commandless(text: str) -> str:
    r"""Return text in which no line is a command to a CI runner, whoever chose the words in it.

    GitHub Actions heeds `::command::` where a line begins and `##[command]` anywhere, others a
    word of theirs in it: Azure Pipelines `##vso[`, TeamCity `##teamcity[`, Octopus `##octopus[`.
    GitLab heeds the markers of sections. What only opens or shuts a group of lines elsewhere
    (`---` of Buildkite) stays.

    >>> commandless("::add-mask::true")
    '\\x3a:add-mask::true'
    """
    if "::" not in text and "##" not in text and "section_" not in text:
        return text
    return re.sub(_COMMAND, lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", text)


def commandless_quoted(text: str) -> str:
    r"""Return JSON, or YAML in double quotes, that has the same value and holds no command.

    >>> commandless_quoted('"##[set-output]"')
    '"\\u0023#[set-output]"'
    """
    if "##" not in text and "section_" not in text:
        return text
    return re.sub(_QUOTED_COMMAND, lambda found: f"{found[0][:-1]}\\u{ord(found[0][-1]):04x}", text)


def _escaped(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _in_shell(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if shown(char) == char:
        return char
    if char in "\n\r\t":
        return _escaped(char)
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
