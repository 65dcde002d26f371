"""Where the values of variables come from: the environment and files of `NAME=value` lines."""

from __future__ import annotations

import io
import os
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError, UsageError
from reconciler.manifest.files import read_bytes
from reconciler.manifest.filling.interpolate import filled
from reconciler.manifest.reading.encodings import (
    hidden_character,
    not_utf8,
    other_encoding,
    position,
)
from reconciler.masking import masked
from reconciler.model import Problem
from reconciler.printable import quoted

if TYPE_CHECKING:
    from dotenv.parser import Binding

#: What Compose would fill in, or stumble over, and a manifest would not.
_OTHER_DOLLAR = re.compile(r"\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*(?::[-?][^}$]*)?\}|(?P<lone>\\?\$)")


def read_variables(environ: Mapping[str, str], env_files: Sequence[str]) -> dict[str, str]:
    """Return all variables: the environment wins, then the later file over the earlier.

    The files have the form that Compose reads, and mean the same, or are refused: `${NAME}` is
    filled in by the rules of manifests, but for text in single quotes.

    Raises:
        ManifestError: a file can't be read, or has a line that is not `NAME=value`.
        UsageError: a file does not exist.
    """
    variables: dict[str, str] = {}
    problems: list[Problem] = []
    for file in env_files:
        if not os.path.lexists(file):
            raise UsageError(
                f"{_called(file)} does not exist: check the path given with --env-file"
            )
        try:
            _EnvFile(file, environ, variables, problems).take(read_bytes(file))
        except OSError as error:
            problems.append(Problem(file, f"the file can't be read: {error.strerror}"))
    if problems:
        raise ManifestError(problems)
    return {**variables, **environ}


def _called(file: str) -> str:
    """Return what there is no file of, as a message has it: it may be `NAME=value` by mistake."""
    name, equals, _ = masked(file).partition("=")
    return quoted(f"{name}=***" if equals else name)


class _EnvFile:
    """Takes the variables of one file into `variables`."""

    def __init__(
        self,
        file: str,
        environ: Mapping[str, str],
        variables: dict[str, str],
        problems: list[Problem],
    ) -> None:
        self._file = file
        self._known = ChainMap(dict(environ), variables)
        self._variables = variables
        self._problems = problems

    def take(self, data: bytes) -> None:
        # Most runs have no such file.
        from dotenv.parser import parse_stream

        text = self._text(data)
        for binding in parse_stream(io.StringIO(text)):
            line = binding.original.line + _blank_lines(binding.original.string)
            if binding.error:
                message = "this is not NAME=value, or a quote is opened and never closed"
                self._problem(message, line)
            elif binding.key is not None and binding.value is not None:
                self._variables[binding.key] = self._value(binding, binding.value, line)

    def _text(self, data: bytes) -> str:
        """Decode the file; what can't be read is a problem, and then there is no text."""
        encoding = other_encoding(data)
        if encoding is not None:
            self._problem(f"the file is {encoding}: save it as UTF-8", 1)
            return ""
        try:
            text = data.decode()
        except UnicodeDecodeError as wrong:
            self._problem(not_utf8(wrong), *position(data[: wrong.start].decode()))
            return ""
        hidden = hidden_character(data)
        if hidden is not None:
            place = position(data[: hidden[0]].decode())
            self._problem(f"{hidden[1]} may not stand in a file as it is", *place)
            return ""
        return text

    def _value(self, binding: Binding, value: str, line: int) -> str:
        """Fill in a value. The line itself is never shown: it may hold a secret."""
        written = binding.original.string.lstrip().partition("=")[2].lstrip()
        if written.startswith("'"):
            if "\\" in written:
                self._problem("in single quotes a backslash is not the same to all readers", line)
            return value
        if "$" not in value:
            return value
        if any(found["lone"] for found in _OTHER_DOLLAR.finditer(value)):
            self._problem(f"{binding.key}: write ${{NAME}} to fill in, and $$ for a dollar", line)
            return value
        text, refusal = filled(value, self._known)
        if refusal:
            self._problem(f"{binding.key}: {refusal[0]}", line, hint=refusal[1])
        return text

    def _problem(self, message: str, line: int, column: int = 1, *, hint: str = "") -> None:
        self._problems.append(Problem(self._file, message, (), line, column, hint))


def _blank_lines(text: str) -> int:
    """Count the empty lines that the parser counts to the line after them."""
    start = text[: len(text) - len(text.lstrip())]
    return position(start)[0] - 1
