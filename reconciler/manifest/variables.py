"""Where the values of variables come from: the environment and files of `NAME=value` lines."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence

from reconciler.errors import ManifestError, Problem, UsageError
from reconciler.manifest.complaints import position
from reconciler.manifest.files import read_bytes
from reconciler.names import quoted


def read_variables(environ: Mapping[str, str], env_files: Sequence[str]) -> dict[str, str]:
    """Give all variables: the environment wins, then the later file over the earlier.

    The files have the form that Compose reads, but nothing in them is interpolated.

    Raises:
        ManifestError: a file can't be read, or has a line that is not `NAME=value`.
        UsageError: a file does not exist.
    """
    variables: dict[str, str] = {}
    problems: list[Problem] = []
    for file in env_files:
        if not os.path.lexists(file):
            raise UsageError(f"{quoted(file)} does not exist: check the path given with --env-file")
        try:
            variables.update(_parsed(file, read_bytes(file), problems))
        except OSError as error:
            problems.append(Problem(file, f"the file can't be read: {error.strerror}"))
    if problems:
        raise ManifestError(problems)
    return {**variables, **environ}


def _parsed(file: str, data: bytes, problems: list[Problem]) -> dict[str, str]:
    from dotenv.parser import parse_stream

    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        line, column = position(data[: wrong.start].decode())
        message = "this byte is not valid UTF-8: save the file as UTF-8"
        problems.append(Problem(file, message, (), line, column))
        return {}
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        # The line itself is not shown: it may hold a secret.
        line = binding.original.line + _blank_lines(binding.original.string)
        if binding.error:
            message = "this is not NAME=value, or a quote is opened and never closed"
            problems.append(Problem(file, message, (), line, 1))
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _blank_lines(text: str) -> int:
    """Count the empty lines that the parser counts to the line after them."""
    start = text[: len(text) - len(text.lstrip())]
    return position(start)[0] - 1
