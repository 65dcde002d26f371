"""Storages -> the text of a manifest that reads back as the same storages.

The text is written here and not by a YAML library: a scalar is left plain only where every reader
agrees that it is text, which no library's own rules ensure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reconciler.location import aws_url
from reconciler.manifest.reading.scalars import resolve
from reconciler.model import Storage
from reconciler.printable import commandless_quoted
from reconciler.schemas import EDITOR_LINE

#: Text that needs no quotes as far as YAML's syntax goes.
_PLAIN = re.compile(r"[A-Za-z0-9/_](?:[A-Za-z0-9/_.,+@%=~$-]| (?=[^ #]\S*)|:(?=[^ ]))*")
#: What `aws_url` gives for a region and bucket that the schema allows.
_AWS = re.compile(
    r"https://s3\.(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{2,254})"
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def render(
    storages: Iterable[Storage], *, platform: str | None, with_ids: bool, editor_line: bool = True
) -> str:
    """Write a manifest that declares `storages`, sorted by name.

    `editor_line` says whether editors find the schema beside it.
    Each must be one that a manifest can express (`model.unmanaged_because` says None).
    """
    lines = [EDITOR_LINE] if editor_line else []
    lines.append("version: 1")
    if platform is not None:
        lines.append(f"platform: {scalar(platform)}")
    ordered = sorted(storages, key=lambda storage: (storage.name, storage.id))
    lines.append("storages:" if ordered else "storages: []")
    for storage in ordered:
        fields = _fields(storage, with_ids=with_ids)
        lines += [
            f"{'    ' if i else '  - '}{key}: {scalar(v)}" for i, (key, v) in enumerate(fields)
        ]
    return "\n".join(lines) + "\n"


def scalar(text: str, *, quotes: bool = False) -> str:
    """Write a value: plain where that is safe, else in double quotes; `$` as `$$`.

    With `quotes` it is never plain: what is safe on a line of its own may not be between braces.
    """
    text = text.replace("$", "$$")
    plain = not quotes and _PLAIN.fullmatch(text) and commandless_quoted(text) == text
    if plain and isinstance(resolve(text), str):
        return text
    return commandless_quoted('"' + "".join(map(_escaped, text)) + '"')


def _fields(storage: Storage, *, with_ids: bool) -> Iterator[tuple[str, str]]:
    yield "name", storage.name
    yield "label", storage.label
    yield "type", storage.type
    aws = _AWS.fullmatch(storage.default_url) if storage.type == "S3" else None
    if aws and aws_url(aws["region"], aws["bucket"]) == storage.default_url:
        yield "region", aws["region"]
        yield "bucket", aws["bucket"]
    else:
        yield "default_url", storage.default_url
    if with_ids:
        yield "id", storage.id


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
