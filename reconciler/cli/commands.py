"""All commands, in the order in which one meets them."""

from __future__ import annotations

from reconciler.cli.apply import APPLY
from reconciler.cli.command import Command
from reconciler.cli.export import EXPORT
from reconciler.cli.live import DRIFT, LIST
from reconciler.cli.plan import PLAN, SHOW
from reconciler.cli.schema import COMPLETION, SCHEMA
from reconciler.cli.start import INIT, VALIDATE

COMMANDS: tuple[Command, ...] = (
    INIT,
    VALIDATE,
    PLAN,
    APPLY,
    SHOW,
    DRIFT,
    LIST,
    EXPORT,
    SCHEMA,
    COMPLETION,
)
