"""What a watch does, in the way in which `plan`, `drift` and `apply` do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial

from msgspec.structs import replace

from reconciler.applying.run import Confirmed, Job
from reconciler.cli.applying.agreement import TermsOptions
from reconciler.cli.applying.carry_out import carried_out, keep_files_apart
from reconciler.cli.applying.events import EventStream
from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.platform import open_at, plan_apart, read_source
from reconciler.cli.watching import outcomes
from reconciler.cli.watching.surveying import Surveyor
from reconciler.environment.at_hand import DEFAULTS
from reconciler.environment.here import origin_here
from reconciler.errors import ERROR, PlatformBusyError, ReconcilerError, StaleError, UsageError
from reconciler.given.platform import choose_address
from reconciler.given.source import Source
from reconciler.model import NEW_PLATFORM, UNKNOWN_PLATFORM, State
from reconciler.plan.document import Plan
from reconciler.platform import Audited, Platform
from reconciler.reconcile import Applied
from reconciler.retry.limits import TimeLimit
from reconciler.retry.reader import PatientReader
from reconciler.watching.deeds import Looked, Pulled, Tried
from reconciler.watching.pulling.checkout import Checkout
from reconciler.watching.survey import Survey

#: The signals that end a watch; SIGHUP wants a look.
ENDING = ("SIGINT", "SIGTERM")
#: Seconds that a look may take where nobody says so.
_LONGEST_LOOK = 600.0


class _OutdatedError(StaleError):
    """What was planned is not wanted any more."""


class _UnpulledError(ReconcilerError):
    """Nobody knows whether what was planned is still wanted."""


class _After:
    """What came of an apply, which is told as soon as it is known."""

    def __init__(self, tell: Callable[[Applied], object], note: Callable[[str], object]) -> None:
        self._tell, self._note = tell, note
        self.pulled: Pulled | None = None
        self.done: list[Applied] = []
        self.is_untold = False

    def __call__(self, applied: Applied, _: Stop) -> int:
        self.done.append(applied)
        try:
            self._tell(applied)
        except ReconcilerError as error:
            self._note(f"Error: {error}.")
            self.is_untold = True
        return applied.exit_code


class Deeds:
    """Reads, plans and applies; each time anew, from what is there then."""

    def __init__(
        self,
        context: Context,
        options: WatchOptions,
        events: EventStream,
        told: Callable[[str, Applied], object],
        scan: Callable[[], None],
        recall: Callable[[], None],
        surveyor: Surveyor | None = None,
        stop: Stop | None = None,
        *,
        is_new: bool = True,
    ) -> None:
        """`told` hears of each apply: its run, and what came of it.

        `scan` begins a scan, and `recall` to look up what scans have told. A `surveyor` is given
        where somebody asks what there is in all. `stop` is that of the watch, which is entered: it
        hears of the signals that end an apply. `is_new`: it has never told anything, so that what
        makes no sense was given, and not brought by a commit. Raises `UsageError` if there is no
        checkout that could be pulled.
        """
        self._context, self._options, self._events, self._told = context, options, events, told
        self.scan, self.recall, self._surveyor, self._stop = scan, recall, surveyor, stop
        self._survey: Survey | None = None
        self._checkout = _checkout(context, options)
        self._commit = ""
        self._planned: tuple[Source, Plan] | None = None
        self._next = context
        self._is_first = is_new
        #: Of the last plan that events have told.
        self._digest = ""

    def pull(self) -> Pulled:
        """Bring the manifest's checkout up to date."""
        if self._checkout is None:
            raise AssertionError("nobody asked for a pull")
        pulled = self._checkout.pull()
        self._commit = pulled.commit
        return pulled

    def look(self) -> Looked:
        """Read the manifest and live, and plan.

        Raises `UsageError` if already the first look of a new watch asks for what makes no sense.
        """
        context = _for_a_look(self._context, self._options.interval)
        self._planned, is_first, self._is_first = None, self._is_first, False
        states: list[State] = []
        try:
            source = read_source(context)
            plan = plan_apart(context, source, states.append)
            if self._options.apply:
                _check_identity(context, plan)
        except (ReconcilerError, OSError) as error:
            if is_first and isinstance(error, UsageError):
                raise
            return outcomes.unread(error)
        self._planned = source, plan
        if plan.digest != self._digest:  # not at each look
            self._digest = plan.digest
            self._events.plan(plan)
        if self._surveyor is not None:
            self._survey = self._surveyor.survey(source, plan, states[-1], context.limit.left)
        looked = outcomes.looked(source, plan, applies=self._options.apply)
        return replace(looked, survey=self._survey)

    def run(self) -> str:
        """Give the next apply an id of its own."""
        context = _for_an_apply(self._context)
        origin = origin_here(context.environ)
        commit = self._commit or origin.commit
        self._next = context._replace(origin=replace(origin, commit=commit))
        return origin.run

    def apply(self, made: Callable[[str], None]) -> Tried:
        """Apply what was planned, if the manifest is still the one that it was planned for.

        That is asked at once, and again when the lease is held: somebody else may have had it.
        A platform that is new is made by who takes its lease, and then `made` hears of its id.
        """
        if self._planned is None:
            raise AssertionError("a watch applies only what it has planned")
        (source, plan), self._planned = self._planned, None
        after = _After(partial(self._told, self._next.origin.run), self._context.streams.note)
        tried = replace(self._tried(source, plan, after, made), pulled=after.pulled)
        with self._ended_at_once():  # it is told
            tried = self._known(source, plan, tried)
        if after.is_untold:
            return replace(tried, exit_code=tried.exit_code or ERROR, is_untold=True)
        return tried

    def _tried(
        self, source: Source, plan: Plan, after: _After, made: Callable[[str], None]
    ) -> Tried:
        once = self._options.once
        try:
            with self._ended_at_once():
                code = self._carried_out(source, plan, after, made)
                return outcomes.tried(after.done, code, once=once)
            return outcomes.stopped(once=once)
        except _OutdatedError as error:
            return Tried(error.exit_code, worked=False, outdated=True)
        except _UnpulledError as error:
            return Tried(error.exit_code, worked=False, busy=True)
        except PlatformBusyError as error:
            self._next.note(f"Note: nothing was applied: {error}")
            return Tried(error.exit_code, worked=False, busy=True)
        except (ReconcilerError, OSError) as error:
            how_far = "what was applied" if after.done else "nothing was applied"
            return outcomes.failed(error, plan, how_far)

    @contextmanager
    def _ended_at_once(self) -> Iterator[None]:
        """Go on behind this where an end is enforced: the watch ends, and knows how far it came."""
        try:
            yield
        except KeyboardInterrupt:
            if not self._is_to_end():
                raise

    def _is_to_end(self) -> bool:
        return self._stop is not None and self._stop.interrupted

    def _known(self, source: Source, plan: Plan, tried: Tried) -> Tried:
        """Return how an apply ended, with what is known since; nobody waits for it at the end."""
        if self._is_to_end() or not tried.worked or self._surveyor is None or self._survey is None:
            return tried
        anew = _for_a_look(self._context, self._options.interval)
        platform, left = _audited(anew, source), anew.limit.left
        return replace(tried, survey=self._surveyor.after(self._survey, plan, platform, left))

    def _carried_out(
        self, source: Source, plan: Plan, after: _After, made: Callable[[str], None]
    ) -> int:
        context = self._next
        stop = Stop(context.limit, signals=ENDING, within=self._stop)

        def confirm(context: Context) -> Source:
            again = read_source(context)
            if not outcomes.unchanged(source, again):
                raise _OutdatedError("the manifest is another one than it was planned for")
            return again

        def confirm_newest() -> Confirmed | None:
            """Ask the remote again: who had the lease may have applied what was pushed since."""
            if plan.platform_id == NEW_PLATFORM:
                made(_identity(source))
            if self._checkout is not None:
                after.pulled = self.pull()
                if after.pulled.problem is not None:
                    raise _UnpulledError(after.pulled.problem.message)
            origin = replace(context.origin, commit=self._commit or context.origin.commit)
            again = confirm(context._replace(origin=origin))
            if stop.interrupted:
                raise KeyboardInterrupt  # as while it waits for the lease
            return Confirmed(again.platform, origin) if origin != context.origin else None

        # Opened anew: who audits is told this run and its commit, and the look's time is over.
        again = confirm(context)
        job = Job(plan, again.platform, again.request, confirm_newest)
        keep_files_apart(context, job)
        self._events.go_on_as(context.origin.run)
        try:
            return carried_out(context, self._terms(), job, self._events, after, stop)
        finally:
            self._events.go_on_as(self._context.origin.run)
            if self._stop is not None:
                context.streams.heed(self._stop.may_wait)

    def _terms(self) -> TermsOptions:
        return TermsOptions(
            auto_approve=True,
            parallelism=10,
            fail_fast=False,
            lock_timeout=self._options.lock_timeout,
        )


def _checkout(context: Context, options: WatchOptions) -> Checkout | None:
    if not options.pull:
        if options.require_signed:
            raise UsageError("--require-signed says what --pull may bring in: give both")
        return None
    # Without -f whichever of its names a commit gives the manifest, also while this watch runs.
    paths, variables = context.settings.files or DEFAULTS, context.settings.env_files
    return Checkout(paths, context.environ, signed=options.require_signed, variables=variables)


def _for_a_look(context: Context, interval: float) -> Context:
    """Return the context of one look, which a platform that is slow for ever does not hold up."""
    seconds = context.settings.timeout or max(interval, _LONGEST_LOOK)
    return context.anew()._replace(limit=TimeLimit(seconds))


def _for_an_apply(context: Context) -> Context:
    """Return the context of one apply, to which `--timeout` applies."""
    return context.anew()._replace(limit=TimeLimit(context.settings.timeout))


def _audited(context: Context, source: Source) -> Platform:
    """Return the platform of a source, opened anew if it keeps an audit: its time may be over."""
    if isinstance(source.platform, Audited):
        with suppress(ReconcilerError, OSError):
            return open_at(context, *choose_address(context, source.manifest))
    return source.platform


def _check_identity(context: Context, plan: Plan) -> None:
    """Refuse to apply, look after look, to what nobody knows to be the same platform.

    Raises `UsageError` unless the options name one that can't tell which one it is.
    """
    if plan.platform_id == UNKNOWN_PLATFORM and context.settings.platform is None:
        raise UsageError(
            f"{plan.platform} can't tell which organisation it leads to (its identity is unknown), "
            "so that nobody knows whether it is still the one that was looked at before: if it is, "
            f"give --platform {plan.platform}, or let the module say it in `platform_id`"
        )


def _identity(source: Source) -> str:
    """Return the id of a platform that was made just now; raises `PlatformError`."""
    with closing(PatientReader(source.platform.reader())) as reader:
        return outcomes.identity(reader.identity())
