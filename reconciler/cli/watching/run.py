"""`watch`: one round after the other, until somebody wants an end."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from reconciler.cli.applying.events import EventStream, telling
from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.options.extras import imported
from reconciler.cli.watching.bell import Bell, Inbox
from reconciler.cli.watching.deeds import ENDING, Deeds
from reconciler.cli.watching.nobody import Nobody
from reconciler.cli.watching.surveying import Surveyor
from reconciler.cli.watching.telling import Keeping, Telling
from reconciler.environment.at_hand import DEFAULTS
from reconciler.environment.timestamps import utc_now
from reconciler.errors import INTERRUPTED, SUCCESS, ReconcilerError, UsageError
from reconciler.given import journal_folder, read_scopes
from reconciler.manifest import default_paths
from reconciler.manifest.files import is_stream
from reconciler.masking import masked, masked_in, quoted_url
from reconciler.notifying.addresses import OPTION as NOTIFY_URLS
from reconciler.notifying.addresses import is_asked_for
from reconciler.platforms import PLATFORM_VARIABLE
from reconciler.printable import quoted, shown
from reconciler.retry.limits import TimeLimit
from reconciler.watching.alone import alone
from reconciler.watching.deeds import Clock
from reconciler.watching.loop import Watch
from reconciler.watching.memory import Memory, keep, recall
from reconciler.watching.schedule import END, WAIT, Terms

#: By how much an interval may be shorter or longer.
_SPREAD = 0.1
#: Seconds after which it is looked again whether a thread has ended.
_PATIENCE = 60.0
#: What was begun before the end of `--max-duration` comes to its own.
_LATER = 1.1
_DOING = "what runs comes to its end{}"


class _Scanner(Protocol):
    """What scans, of a module that needs an extra."""

    def begin(self) -> None:
        """Begin a scan."""

    def recall(self) -> None:
        """Begin to look up what the repository knows."""

    def follow(self, remembered: Callable[[], Memory]) -> None:
        """Know from now on of which platform is scanned, and into which repository."""


def run(context: Context, options: WatchOptions) -> int:
    """Watch until a signal, or for one round; return the exit code."""
    _check(context, options)
    gc.set_threshold(700)  # Python's own: what is garbage here must not wait for the end
    if options.notify_test:
        return telling(context, lambda events: _test(context, options, events))
    folder = Path(options.state) if options.state else journal_folder(context).with_name("watch")
    with alone(folder):
        return telling(context, lambda events: _watch(context, options, events, folder))


def _check(context: Context, options: WatchOptions) -> None:
    """Refuse what can be read only once, bounds of no scan, and a state within a storage."""
    bounds = (options.max_duration, options.max_bytes, options.limit_rate, options.workers)
    if options.scan is None and any(bound is not None for bound in bounds):
        raise UsageError(
            "--max-duration, --max-bytes, --limit-rate and --workers bound what --scan REPO reads"
        )
    for file in context.settings.files:
        if file == "-" or is_stream(file):
            raise UsageError("watch reads the manifest again and again: give -f a file or folder")
    context.apart.file("--state", options.state)


def _watch(context: Context, options: WatchOptions, events: EventStream, folder: Path) -> int:
    teller = Telling(context, events, stays=not options.once)
    with closing(Bell()) as bell, _notifying(context, options, folder, bell) as notifying:
        memory, problem = recall(folder)
        if problem:
            context.streams.note(f"Warning: {problem}: {notifying.without_memory}")
        memory = _of_this(context, notifying.recalled(memory), folder)
        if problem and options.apply and not memory.platform_id:
            raise ReconcilerError(
                f"{problem}, so that nobody knows whether the platform is the one that was applied "
                "to before: if it is, let the watch look once without --apply"
            )
        stop = Stop(TimeLimit(None), _DOING, signals=ENDING, heard=bell.ring)
        inbox = Inbox(bell)
        with stop, _poked_by_hangup(inbox):
            context.streams.heed(stop.may_wait)
            scanner = _scanner(context, options, stop, inbox)
            scan = scanner.begin if scanner else _no_scan
            look_up = scanner.recall if scanner else _no_scan
            surveyor = Surveyor(journal_folder(context), inbox.runs) if options.listen else None
            is_new = not problem and not memory.serial
            told = teller.applied
            deeds = Deeds(
                context, options, events, told, scan, look_up, surveyor, stop, is_new=is_new
            )
            watch = Watch(
                _terms(options),
                deeds,
                teller,
                Clock(time.monotonic, utc_now, _spread),
                memory,
                _keeping(context, folder, notifying),
            )
            notifying.follow(lambda: watch.status, lambda: stop.interrupted)
            if scanner:
                scanner.follow(lambda: watch.memory)
            with _listening(context, options, watch, inbox, notifying):
                return _go_on(watch, stop, inbox, notifying, once=options.once)


def _of_this(context: Context, memory: Memory, folder: Path) -> Memory:
    """Return what is remembered, and of what; another watch's must not be told as over.

    Raises `UsageError` if it is that of another manifest, or of another part or platform of it.
    """
    settings = context.settings
    # One of the current folder may be away, or have another of these names: a commit does that.
    may_be = [settings.files] if settings.files else [(name,) for name in DEFAULTS]
    if memory.manifest in [_called(context, files) for files in may_be]:
        return memory
    given = tuple(settings.files or default_paths())
    told = _called(context, given)
    if memory.manifest:
        for file in (*given, *settings.env_files):  # a name that was mistyped is no other watch
            if file != "-" and not os.path.lexists(file):
                raise UsageError(f"{quoted_url(file)} does not exist: check the path given")
        raise UsageError(
            f"what {quoted(str(folder))} remembers is of another watch ({memory.manifest}) than "
            f"this one ({told}), which would tell as over what lasts there: give each a folder of "
            "its own with --state, or remove that one if it watches no more"
        )
    return replace(memory, manifest=told)


def _called(context: Context, manifest: tuple[str, ...]) -> str:
    """Return what a watch is of, without secrets: the manifest's files, and what narrows it."""
    settings = context.settings
    files = [*manifest, *settings.env_files]
    parts = [", ".join(sorted(os.path.abspath(file) for file in files))]  # noqa: PTH100 - a link stays
    if platform := settings.platform or context.environ.get(PLATFORM_VARIABLE):
        parts.append(f"platform {masked(platform)}")
    parts += [f"scope {','.join(sorted(scope))}" for scope in read_scopes(context)]
    return shown(masked_in("; ".join(parts)))


def _keeping(context: Context, folder: Path, notifying: Nobody) -> Callable[[Memory], bool]:
    """Return what keeps what the watch knows, and then has it notified."""
    keeping = Keeping[Memory](
        "what this watch knows", lambda memory: keep(folder, memory), context.streams.note
    )

    def kept(memory: Memory) -> bool:
        is_unkept = keeping(memory)
        notifying.take(memory)
        return is_unkept

    return kept


def _notifying(context: Context, options: WatchOptions, folder: Path, bell: Bell) -> Nobody:
    if not is_asked_for(context.environ, options.notify_urls):
        for option, value in (("--digest", options.digest), ("--digest-at", options.digest_at)):
            if value is not None:
                raise UsageError(f"{option} is for those who are notified: give {NOTIFY_URLS}")
        return Nobody()
    notifying: Nobody = _notifier(NOTIFY_URLS).Notifying(context, options, folder, bell.ring)
    return notifying


def _test(context: Context, options: WatchOptions, events: EventStream) -> int:
    if not is_asked_for(context.environ, options.notify_urls):
        raise UsageError(f"--notify-test is for those who are notified: give {NOTIFY_URLS}")
    teller = Telling(context, events, stays=False)
    code: int = _notifier("--notify-test").test(context, options, teller)
    return code


def _notifier(option: str) -> Any:  # noqa: ANN401 - a module
    return imported(option, "notify", "reconciler.cli.watching.notifying", "apprise")


def _listening(
    context: Context,
    options: WatchOptions,
    watch: Watch,
    inbox: Inbox,
    notifying: Nobody,
) -> AbstractContextManager[None]:
    if options.listen is None:
        return nullcontext()
    module = imported("--listen", "server", "reconciler.cli.watching.listening", "httptools")
    answering: AbstractContextManager[None] = module.listening(
        context,
        options.listen,
        lambda: notifying.added(watch.status),
        lambda: watch.numbers,
        inbox,
    )
    return answering


def _terms(options: WatchOptions) -> Terms:
    every = options.scan_every if options.scan else None
    longest = options.max_duration * _LATER + _PATIENCE if options.max_duration else 0.0
    return Terms(options.interval, options.pull, options.apply, every, longest)


def _go_on(watch: Watch, stop: Stop, inbox: Inbox, notifying: Nobody, *, once: bool) -> int:
    while True:
        if stop.interrupted:
            watch.end()
        inbox.hand_to(watch)
        notifying.tell()
        step = watch.step()
        if stop.enforced:
            raise KeyboardInterrupt
        if step.what == END:
            if watch.scanning:  # it comes to its end, too
                inbox.bell.wait(_PATIENCE)
                continue
            if once:
                return watch.exit_code_at_end
            return INTERRUPTED if watch.exit_code == INTERRUPTED else SUCCESS
        if step.what == WAIT:
            if not watch.recalls:
                notifying.looked()
            if once and not (watch.scanning or watch.recalls):
                return watch.exit_code
            inbox.bell.wait(_PATIENCE if once else step.until - time.monotonic())


def _scanner(context: Context, options: WatchOptions, stop: Stop, inbox: Inbox) -> _Scanner | None:
    if options.scan is None:
        return None
    module = imported("--scan", "recovery", "reconciler.cli.watching.scanning", "pyarrow")
    scanner: _Scanner = module.Scanner(context, options, stop, inbox.ended, inbox.recalled)
    return scanner


def _no_scan() -> None:
    raise AssertionError("nobody asked for a scan")


@contextmanager
def _poked_by_hangup(inbox: Inbox) -> Iterator[None]:
    """Take SIGHUP, where there is one, for the wish to look now."""
    if sys.platform == "win32":
        yield
        return

    def poked(_number: int, _frame: object) -> None:
        inbox.poke()

    earlier = signal.signal(signal.SIGHUP, poked)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, earlier)


def _spread() -> float:
    return random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret
