"""`rebuild` in this process, onto a platform in memory: all of it but reading a command line."""

from __future__ import annotations

import contextlib
import io
import json
from argparse import ArgumentParser
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import jsonschema

from reconciler.cli.commands.recovery.rebuild import COMMAND, RebuildOptions
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.recovery import rebuild
from reconciler.cli.recovery.rebuilding import planning
from reconciler.cli.settings import JSON, Settings
from reconciler.manifest import Manifest
from reconciler.schemas import schema_text
from support.values.memory_platform import MemoryPlatform

NAMES = ("a", "b", "c")


class Ended(NamedTuple):
    """How it ended."""

    code: int
    #: What was told, as JSON.
    report: dict[str, Any]
    #: What was told beside that.
    notes: str


def run(
    platform: MemoryPlatform,
    repository: Path,
    *arguments: str,
    output: str = JSON,
    own: Manifest | None = None,
    **more: Any,
) -> Ended:
    """Rebuild onto a platform; `own` is the user's manifest, `more` are global options."""
    parser = ArgumentParser()
    COMMAND.add_arguments(parser)
    options = parser.parse_args([str(repository), "-y", *arguments], namespace=RebuildOptions())
    settings = Settings(output=output, journal=str(repository.parent / "journal"), **more)
    told, notes = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(notes),
        patch.object(planning, "read_manifest_if_any", lambda _: own),
        patch.object(planning, "choose_platform", lambda *_: platform),
    ):
        context = Context.of(settings, Streams(), {})
        code = rebuild.run(context, options)
    text = told.getvalue()
    if output == JSON:
        _check(json.loads(text))
    return Ended(code, json.loads(text) if output == JSON else {"text": text}, notes.getvalue())


def _check(document: dict[str, Any]) -> None:
    """Hold what was printed against its published schema; a plan has another one."""
    name = "rebuild" if "rebuilt" in document else "plan"
    _validator(name).validate(document)


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text(name)))


Rebuild = Callable[..., Ended]


def empty(**more: Any) -> MemoryPlatform:
    return MemoryPlatform(platform_id="other", address="memory://other", **more)


def names(platform: MemoryPlatform) -> set[str]:
    return set(platform.by_name)


def recorded(platform: MemoryPlatform) -> set[str]:
    return {each.name for each in platform.storages if platform.files.get(each.id)}
