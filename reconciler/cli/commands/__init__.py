"""All commands, in the order in which one meets them."""

from __future__ import annotations

from reconciler.cli.commands.apply import APPLY
from reconciler.cli.commands.doctor import DOCTOR
from reconciler.cli.commands.export import EXPORT
from reconciler.cli.commands.history import HISTORY
from reconciler.cli.commands.live import DRIFT, LIST
from reconciler.cli.commands.lock import LOCK
from reconciler.cli.commands.plan import PLAN, SHOW
from reconciler.cli.commands.schema import COMPLETION, SCHEMA
from reconciler.cli.commands.server.serve import SERVE
from reconciler.cli.commands.server.token import TOKEN
from reconciler.cli.commands.start import INIT, VALIDATE
from reconciler.cli.options.command import Command

COMMANDS: tuple[Command, ...] = (
    INIT,
    VALIDATE,
    PLAN,
    APPLY,
    SHOW,
    DRIFT,
    LIST,
    EXPORT,
    HISTORY,
    LOCK,
    DOCTOR,
    SERVE,
    TOKEN,
    SCHEMA,
    COMPLETION,
)
