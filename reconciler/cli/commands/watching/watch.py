"""`watch`: look at manifest and platform again and again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from reconciler.cli.commands.recovery.scan import add_bounds
from reconciler.cli.context import Context
from reconciler.cli.options.command import Command
from reconciler.cli.settings import JSON, LIMITED_OPTIONS, TEXT, duration

#: What it does: imported when it runs, and it knows of other commands.
_MODULE = "reconciler.cli.watching.run"
#: Seconds; looking more often than that is a mistake.
_SHORTEST = 1.0


class WatchOptions(Namespace):
    """The options of `watch`."""

    interval: float
    pull: bool
    require_signed: bool
    apply: bool
    scan: str | None
    scan_every: float
    max_duration: float | None
    max_bytes: int | None
    limit_rate: int | None
    workers: int | None
    listen: str | None
    notify_urls: str | None
    notify_test: bool
    digest: str | None
    digest_at: str | None
    once: bool
    state: str | None
    lock_timeout: float


def _interval(text: str) -> float:
    seconds = duration(text)
    if seconds < _SHORTEST:
        raise ArgumentTypeError(f"{text!r} is too short: give {_SHORTEST:g}s or more")
    return seconds


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--interval",
        type=_interval,
        default=300.0,
        metavar="TIME",
        help="from the end of one look to the next, up to a tenth shorter or longer (default: 5m)",
    )
    _add_deeds(parser)
    _add_scans(parser)
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="answer over HTTP: a page at /, and /metrics, /healthz, /readyz, /v1/status and POST "
        "/poke; with the token that RECONCILER_WATCH_TOKEN holds; "
        "without one, on this machine alone, and nobody can poke",
    )
    _add_notifications(parser)
    parser.add_argument(
        "--once",
        action="store_true",
        help="look once, and end with the exit code of `drift`, with --apply that of `apply`",
    )
    parser.add_argument(
        "--state",
        metavar="DIR",
        help="folder that keeps what was told, for the next start (default: watch, beside the "
        "journal)",
    )
    parser.add_argument(
        "--lock-timeout",
        type=duration,
        default=10.0,
        metavar="TIME",
        help="how long an apply waits while another one holds the platform's lease, before it is "
        "left for the next look (default: 10s)",
    )


def _add_deeds(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--pull",
        action="store_true",
        help="before each look bring the Git checkout of the manifest up to date, by fast-forward "
        "alone; what does not follow what is checked out is told, and nothing is applied",
    )
    parser.add_argument(
        "--require-signed",
        action="store_true",
        help="with --pull: take no commit that `git verify-commit` does not vouch for",
    )
    parser.add_argument(
        "--apply",
        action="store_true",
        help="apply plans that policy lets be applied; one that fails is tried again after a pause "
        "that doubles",
    )


def _add_scans(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--scan",
        metavar="REPO",
        help="beside the looks, read what is due on the storages, as `scan --due --into REPO "
        "--existing` does",
    )
    parser.add_argument(
        "--scan-every",
        type=_interval,
        default=86_400.0,
        metavar="TIME",
        help="with --scan: from the beginning of one scan to that of the next (default: 1d)",
    )
    add_bounds(parser)


def _add_notifications(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--notify-urls",
        metavar="FILE",
        help="have those notified whose addresses this file has, one a line, as apprise knows "
        "them (mail, Slack, Matrix, webhooks, …); or RECONCILER_NOTIFY_URLS holds them, or "
        "RECONCILER_NOTIFY_URLS_FILE names the file",
    )
    parser.add_argument(
        "--notify-test",
        action="store_true",
        help="send them a message now, say of each whether it was taken, and end: with 1 if one "
        "was not",
    )
    parser.add_argument(
        "--digest",
        choices=("daily", "weekly"),
        help="notify them, too, of how things stand, by day or on Mondays; one that was missed "
        "is sent at the next start",
    )
    parser.add_argument(
        "--digest-at",
        metavar="TIME",
        help="when the digest is sent: a time of day, in UTC or in a zone that follows it, as in "
        "'07:30 Europe/Zurich' (default: 08:00)",
    )


def _run(context: Context, options: WatchOptions) -> int:
    __import__(_MODULE)
    code: int = sys.modules[_MODULE].run(context, options)
    return code


COMMAND = Command(
    details="Reads the manifest and what is live every --interval, and at once on SIGHUP. Says in "
    "one line when something begins to differ, to be blocked or to fail, and in one when that is "
    "over; never the same twice, also after a restart. -o json makes each line a JSON object.\n\n"
    "A look that fails ends nothing that was known: what could not be read is neither gone nor "
    "mended.\n\n"
    "The first Ctrl-C or SIGTERM ends it when what runs has come to its end; the second at once."
    "\n\n"
    "Exit codes: 0 ended by a signal, 6 another watch has the state folder, 130 something was cut "
    "off; with --once those of `drift` (2 some difference), or of `apply` "
    "(3 blocked, 2 left alone since it failed before); where that is 0, with --scan 7 as long as "
    "files are wrong, and 8 as long as not all of them is proved or known.",
    examples=(
        ("reconciler watch --once", "what has changed since the last time, for cron"),
        ("reconciler watch --once --apply -o json", "make it right, and tell a program"),
    ),
    add_arguments=_add_arguments,
    options=WatchOptions,
    repository=("scan",),
    run=_run,
    takes=tuple(LIMITED_OPTIONS),
    formats=(TEXT, JSON),
    tells_events=True,
)
