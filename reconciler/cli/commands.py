"""All commands, in the order in which one meets them."""

from __future__ import annotations

from reconciler.cli.apply import APPLY
from reconciler.cli.command import Command
from reconciler.cli.doctor import DOCTOR
from reconciler.cli.export import EXPORT
from reconciler.cli.history import HISTORY
from reconciler.cli.live import DRIFT, LIST
from reconciler.cli.lock import LOCK
from reconciler.cli.plan import PLAN, SHOW
from reconciler.cli.schema import COMPLETION, SCHEMA
from reconciler.cli.serve import SERVE
from reconciler.cli.start import INIT, VALIDATE
from reconciler.cli.token import TOKEN

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
