"""What stands in the lists of the page: what lasts, and what runs did; and facts of the watch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from reconciler.environment.timestamps import whole_seconds
from reconciler.executor import DONE
from reconciler.journal.read import RECORDED
from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Item, Value
from reconciler.report.html.watching.standing import differs, failing, is_unproved
from reconciler.report.sentences.drift import meaning
from reconciler.report.sentences.terms import count, spoken
from reconciler.watching.conditions import (
    BLOCKED,
    DRIFT,
    FINDING,
    LONG_SCAN,
    NOT_APPLIED,
    NOT_KNOWN,
    NOT_PROVED,
    NOT_PULLED,
    NOT_REACHABLE,
    NOT_SCANNED,
    OVERDUE,
    UNREAD,
    Lasting,
)
from reconciler.watching.status import Destination, Status
from reconciler.watching.survey import Finding, Run, Storage

#: Which storages a reader may want to see.
ALL, DIFFERING, UNPROVED = "all", "differing", "unproved"
_FAILS = (UNREAD, NOT_PULLED, NOT_APPLIED, NOT_SCANNED, LONG_SCAN)
_PROOFS = (FINDING, NOT_REACHABLE, OVERDUE, NOT_PROVED, NOT_KNOWN)
#: So much of a commit as people tell commits apart by.
_COMMIT = 12
_CONSENT = (
    "Each says what would unblock it. A watch asks nobody: it heeds the consent that stands in the "
    "manifest, where a reviewer sees it. What only `apply` takes is for somebody to apply."
)

_SIDES = "On the left what is live, on the right what is declared."
_FAILING = "Tried again each time; what was known stays as it was."
_BEFORE = "This was known before, and may be over."
_NO_SNAPSHOT = "What explains it is there after `reconciler snapshot create`."


class Listed(Struct, frozen=True):
    """A list, before anything of it is searched for."""

    key: str
    title: str
    items: tuple[Item, ...]
    meaning: str
    #: How many there are, where not all are known here; 0: all are.
    number: int = 0
    is_unknown: bool = False


def moment(text: str) -> str:
    """Return a moment as people read it: in UTC, and so named."""
    told = whole_seconds(text)
    return f"{told[:10]} {told[11:-1]} UTC" if told.endswith("Z") and len(told) == 20 else told


def texts(item: Item) -> Iterator[str]:
    """Yield all that a search looks at in an item."""
    yield from (item.kind, item.name, item.within, item.was, item.note, item.alarm, *item.facts)
    for value in item.values:
        yield from filter(None, (value.before, value.after))


def is_shown(one: Storage, show: str, now: datetime) -> bool:
    """Return whether a storage is one of those that a reader wants to see."""
    if show == DIFFERING:
        return differs(one)
    if show == UNPROVED:
        return one.proof is None or one.proof.files is None or is_unproved(one, now)
    return True


def of_what_lasts(status: Status, *, is_fresh: bool) -> tuple[Listed, ...]:
    """Return what blocks, what fails, what differs, and what is wrong with files.

    `is_fresh`: the last look has worked, and is no longer ago than it should be.
    """
    by_kind: dict[str, list[Lasting]] = {}
    for one in status.lasting:
        by_kind.setdefault(one.condition.kind, []).append(one)
    blocks = tuple(_blocks(one) for one in by_kind.get(BLOCKED, ()))
    fails = tuple(_fails(one) for kind in _FAILS for one in by_kind.get(kind, ()))
    fails += tuple(map(_untold, failing(status)))
    differs = tuple(_differences(status, by_kind.get(DRIFT, ())))
    said = _FAILING if fails else "Nothing that was tried has failed."
    return (
        _seen(
            "blocks", "What blocks it", blocks, (_CONSENT, "No reason blocks the plan."), is_fresh
        ),
        Listed("fails", "What fails", fails, said),
        _seen("differs", "What differs", differs, (_SIDES, "Live is as declared."), is_fresh),
        _files(status, by_kind),
    )


def of_runs(status: Status) -> tuple[Listed, ...]:
    """Return the newest runs, and what they have removed."""
    runs = status.runs
    if runs is None:
        why = (
            "Not known: no look has worked since the start, or the journal, or the platform's "
            "audit, can't be read."
        )
        return (
            Listed("runs", "Runs", (), why, is_unknown=True),
            Listed("removals", "Removals", (), why, is_unknown=True),
        )
    removed = tuple(item for run in runs for item in _removals(run))
    return (
        Listed(
            "runs",
            "Runs",
            tuple(map(_run, runs)),
            f"The newest in {_source(runs)}; `reconciler history` has all."
            if runs
            else "No run is known yet.",
        ),
        Listed(
            "removals",
            "Removals",
            removed,
            "What these runs have removed."
            if removed
            else "None of these runs has removed a storage.",
            number=sum(run.removed for run in runs),
        ),
    )


def _source(runs: Sequence[Run]) -> str:
    is_audit = any(run.state == RECORDED for run in runs)
    return "the platform's audit" if is_audit else "the journal of this watch"


def facts(status: Status) -> Iterator[tuple[str, str]]:
    """Name what is known of the watch."""
    if status.commit:
        yield "commit", status.commit[:_COMMIT]
    if status.platform:
        yield "storages", f"{status.declared:,} declared, {status.live:,} live"
    yield "watching since", moment(status.started_at)
    yield "looks", f"{status.rounds:,}, of which {status.failures:,} failed"
    if status.paused_until:
        yield "plan left alone until", moment(status.paused_until)
    if status.applied_at:
        yield "last apply", f"{moment(status.applied_at)}, exit code {status.applied_code}"
    if status.scanning:
        yield "scan", f"runs since {moment(status.scanning_since)}"
    if status.scanned_at:
        yield "last scan", f"{moment(status.scanned_at)}, exit code {status.scanned_code}"
    if status.scans:
        yield "oldest proof", moment(status.oldest_proof) or "unknown"
    if status.digest:
        yield "digest", status.digest
    for one in status.destinations:
        told = f"last told {moment(one.told_at)}" if one.told_at else "not told since the start"
        yield "notified", f"{one.name} ({one.service}): {told}"


def _seen(
    key: str, title: str, items: tuple[Item, ...], said: tuple[str, str], is_fresh: bool
) -> Listed:
    """Return what looks have seen, with what is said of some, and of none, where they are fresh."""
    some, none = said
    if is_fresh:
        return Listed(key, title, items, some if items else none)
    if items:
        return Listed(key, title, items, f"{_BEFORE} {some}")
    return Listed(key, title, (), "Not known: nobody has seen it lately.", is_unknown=True)


def _files(status: Status, by_kind: dict[str, list[Lasting]]) -> Listed:
    items = tuple(_proof(one) for kind in _PROOFS for one in by_kind.get(kind, ()))
    items += tuple(map(_finding, status.findings))
    if items:
        said = "Each command tells since when a file is wrong, and where its good bytes are."
        return Listed("files", "Files", items, said if status.findings else "")
    if not status.scans:
        said = "Not known: this watch reads no files. With --scan REPO it does."
    elif not any(one.proof for one in status.storages or ()):
        said = "Not known: no scan has told of a storage."
    else:
        return Listed("files", "Files", (), "No scan knows anything wrong of a file.")
    return Listed("files", "Files", (), said, is_unknown=True)


def _since(one: Lasting) -> str:
    return f"since {moment(one.since)}"


def _blocks(one: Lasting) -> Item:
    what = one.condition
    return Item(spoken(what.code), what.name, level=ALARM, note=_since(one), facts=(what.message,))


def _fails(one: Lasting) -> Item:
    what = one.condition
    level = ALARM if what.kind == NOT_APPLIED else DOUBT
    return Item(spoken(what.kind), level=level, note=_since(one), facts=(what.message,))


def _untold(one: Destination) -> Item:
    since = f"{one.service}, since {moment(one.failing_since) or 'lately'}"
    waiting = f"{count(one.waiting, 'condition')} not told yet"
    return Item("not notified", one.name, level=DOUBT, note=since, facts=(one.problem, waiting))


def _differences(status: Status, lasting: Sequence[Lasting]) -> Iterator[Item]:
    seen = {(one.kind, one.name): one for one in status.differences}
    by_name = {one.name: one for one in status.differences}
    for one in lasting:
        what = one.condition
        found = seen.get((what.code, what.name)) or by_name.get(what.name)
        values = tuple(Value(s.field, s.live, s.declared) for s in found.sides) if found else ()
        lead = ""
        if values and all(value.after is None for value in values):
            lead = "Not declared. Live:"
        elif values and all(value.before is None for value in values):
            lead = "Not live. Declared:"
        yield Item(
            spoken(what.code),
            what.name,
            was=found.was if found else "",
            level=ALARM,
            note=f"{meaning(what.code)}, {_since(one)}",
            lead=lead,
            values=values,
            sides=("live", "declared"),
            facts=() if values else (what.message,),
        )


def _proof(one: Lasting) -> Item:
    what = one.condition
    level = DOUBT if what.kind in (NOT_REACHABLE, OVERDUE, NOT_PROVED) else ALARM
    return Item(spoken(what.kind), what.name, level=level, note=_since(one), facts=(what.message,))


def _finding(one: Finding) -> Item:
    since = f"since {moment(one.since)}"
    explain = (Value("explain", after=one.explain),) if one.explain else ()
    facts = () if explain else (_NO_SNAPSHOT,)
    return Item(
        *(one.what, one.path, one.storage), level=ALARM, note=since, values=explain, facts=facts
    )


def _run(run: Run) -> Item:
    level = PLAIN if run.exit is None else FINE if run.exit == 0 else ALARM
    ended = {"ended": f"exit {run.exit}", "killed_or_running": "no end"}.get(run.state, "recorded")
    values = [
        Value(name, after=value)
        for name, value in (*_origin(run), ("ended", moment(run.ended_at)))
        if value
    ]
    return Item(
        ended,
        run.run,
        level=DOUBT if run.state == "killed_or_running" else level,
        note=run.done,
        alarm=run.damage,
        values=tuple(values),
    )


def _origin(run: Run) -> Iterator[tuple[str, str]]:
    yield "started", moment(run.started_at) or "unknown"
    yield "by", (f"{run.actor} on {run.host}" if run.host else run.actor) or "unknown"
    yield "commit", run.commit or "unknown"
    yield "job", run.job or "none"


def _removals(run: Run) -> Iterator[Item]:
    for one in run.removals:
        was = (("label", one.label), ("location", one.location), ("run", run.run), *_origin(run))
        values = tuple(Value(name, after=value) for name, value in was if value)
        level = PLAIN if one.status == DONE else ALARM
        yield Item(spoken(one.status), one.name, level=level, note="removal", values=values)
