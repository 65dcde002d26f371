"""Whether a platform is fit to work on: facts are gathered by reading, then judged."""

from __future__ import annotations

import math
import platform as machine
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import PlatformError
from reconciler.lease.contract import Lock, holder_of
from reconciler.masking import masked
from reconciler.model import NEW_PLATFORM
from reconciler.platform import Abilities, About, Platform, Reader
from reconciler.printable import quoted, shown
from reconciler.version import __version__

OK, WARNING, FAILED = "ok", "warning", "failed"
#: The platform's clock may differ from ours by this much, in seconds, before it is a warning.
CLOCK_TOLERANCE = 30.0
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class Check(Struct, frozen=True):
    """One thing that was looked at: how it stands, and what to do about it."""

    topic: str
    #: `ok`, `warning` or `failed`.
    status: str
    message: str
    #: What to do next; empty where nothing needs to be done, or where the message says it.
    advice: str = ""


class Facts(Struct, frozen=True):
    """What could be learned of a platform and of ourselves; None: it was not learned."""

    #: The platform's address; no secret in it.
    address: str
    tool_version: str = __version__
    #: Python's version and what it runs on.
    python: str = ""
    #: The manifest's `lock:`, where it is what keeps two applies apart.
    lock: str | None = None
    abilities: Abilities | None = None
    platform_id: str | None = None
    about: About | None = None
    #: How many seconds the platform's clock is ahead of ours.
    clock_ahead: float | None = None
    #: How many storages the platform lists, and whether that is all of them.
    live: int | None = None
    complete: bool | None = None
    #: Why it can't be told which spaces use a storage; empty if it can, or if there are none.
    spaces_failure: str = ""
    #: What stopped us from learning the rest of the platform; empty if nothing did.
    failure: str = ""
    #: Who holds the lease; empty: nobody does.
    holder: str = ""
    #: Why the holder of the lease can't be told; empty if that can, or if nothing keeps a lease.
    lock_failure: str = ""
    #: Whether the account is only to read.
    reads: bool = False


def examine(
    platform: Platform,
    lock: Lock | None,
    *,
    lock_address: str | None,
    now: Callable[[], float],
    reads: bool = False,
) -> Facts:
    """Learn what can be learned by reading; nothing is written, and no lease is taken.

    `lock` is what keeps the platform's lease, if anything does, and `lock_address` where it does
    so if that is not the platform itself. `now` tells the time, in seconds since the epoch. What
    can't be read is a fact, and no error.
    """
    python = f"{machine.python_version()} on {machine.system()} {machine.machine()}"
    facts = Facts(platform.address, python=python, lock=lock_address, reads=reads)
    try:
        reader = platform.reader()
        try:
            for learned in _learn(reader, now):
                facts = replace(facts, **learned)
        finally:
            reader.close()
    except PlatformError as error:
        facts = replace(facts, failure=str(error))
    # Where the platform does not answer, who holds its lease is of no use.
    return facts if lock is None or facts.failure else replace(facts, **_holder(lock))


def _holder(lock: Lock) -> dict[str, str]:
    try:
        lease = lock.current()
    except PlatformError as error:
        return {"lock_failure": str(error)}
    return {"holder": holder_of(lease) if lease else ""}


def _learn(reader: Reader, now: Callable[[], float]) -> Iterator[dict[str, object]]:
    """Yield facts step by step, so that those before a failure are kept."""
    yield {"abilities": reader.abilities}
    yield {"platform_id": reader.identity()}
    asked = now()
    about = reader.about()
    yield {"about": about, "clock_ahead": _ahead(about.clock, asked, now())}
    state = reader.read()
    yield {"live": len(state.storages), "complete": state.complete}
    if reader.abilities.spaces:
        try:
            reader.spaces_using("")
        except PlatformError as error:
            yield {"spaces_failure": str(error)}


def _ahead(clock: str, asked: float, answered: float) -> float | None:
    """Return by how many seconds the platform's clock is ahead of ours; None if it tells no time.

    What it says was true at some moment of the call: as far as that explains it, the clocks
    agree. A clock may be told without fractions of seconds.
    """
    try:
        told = datetime.fromisoformat(clock)
    except ValueError:
        return None
    if told.tzinfo is None:
        return None
    theirs = told.timestamp()
    return 0.0 if asked - 1 <= theirs <= answered else theirs - (asked + answered) / 2


def checks(facts: Facts) -> tuple[Check, ...]:
    """Judge the facts. What was not learned because of a failure is left out.

    Who only `reads` needs neither the right to write nor a lock.
    """
    judged: list[Check] = [_platform(facts), _versions(facts)]
    if facts.about is not None:
        judged += [
            _account(facts.about),
            _write_access(facts, facts.about),
            _clock(facts, facts.about),
        ]
    if facts.live is not None and facts.abilities is not None:
        judged += [_list(facts, facts.live), *_spaces(facts), _lock(facts, facts.abilities)]
    elif facts.about is not None:
        judged.append(Check("storages", FAILED, facts.failure))
    return tuple(judged)


def healthy(judged: Sequence[Check]) -> bool:
    """Return whether nothing failed; warnings are no illness."""
    return all(check.status != FAILED for check in judged)


def _versions(facts: Facts) -> Check:
    theirs = facts.about.version if facts.about else ""
    ours = f"reconciler {facts.tool_version}, Python {facts.python}"
    return Check("versions", OK, f"{ours}; platform: {shown(theirs)}" if theirs else ours)


def _platform(facts: Facts) -> Check:
    if facts.about is None:
        return Check("platform", FAILED, facts.failure)
    if facts.platform_id == NEW_PLATFORM:
        return Check(
            "platform",
            WARNING,
            "it does not exist yet: new and empty, made by apply",
            "if it should hold storages already, the address is wrong",
        )
    return Check("platform", OK, f"it answers, and calls itself {quoted(facts.platform_id or '')}")


def _account(about: About) -> Check:
    if about.account is None:
        return Check("account", OK, "the platform names none")
    role = f", role {quoted(about.role)}" if about.role else ""
    return Check("account", OK, f"{quoted(about.account)}{role}")


def _write_access(facts: Facts, about: About) -> Check:
    if facts.reads and not about.may_write:
        told = "the platform does not say" if about.may_write is None else "none"
        return Check("write access", OK, f"{told}, and reading needs none")
    if about.may_write is None:
        message = "the platform does not say; the first write will show"
        return Check("write access", WARNING, message)
    if about.may_write:
        return Check("write access", OK, "apply may write")
    return Check(
        "write access",
        FAILED,
        "this account may only read: plan works, apply would fail",
        f"{_way_to_write(facts.address)}; for an account that is to read only, `doctor --read`",
    )


def _way_to_write(address: str) -> str:
    if address.startswith("sqlite:"):
        return "make the file and its folder writable for this account"
    if address.startswith("http"):
        return "use a token with the role operator (`reconciler token create`)"
    return "give credentials that may write"


def _clock(facts: Facts, about: About) -> Check:
    ahead = facts.clock_ahead
    if not about.clock:
        return Check("clock", OK, "the platform has none of its own")
    if ahead is None:
        message = f"the platform's time can't be understood: {quoted(about.clock)}"
        return Check("clock", WARNING, message)
    told = _difference(ahead)
    if abs(ahead) <= CLOCK_TOLERANCE:
        return Check("clock", OK, told)
    advice = "set both clocks by NTP: times in the audit and of leases will mislead"
    return Check("clock", WARNING, told, advice)


def _difference(ahead: float) -> str:
    seconds = math.floor(abs(ahead) + 0.5)
    if not seconds:
        return "the platform's and ours agree to the second"
    # Whoever is off by days has another problem than one who is off by minutes.
    size, unit = next(known for known in _UNITS if seconds >= 2 * known[0] or known[0] == 1)
    number = seconds // size
    told = f"{number:,} {unit}{'' if number == 1 else 's'}"
    return f"the platform's is {told} {'ahead of' if ahead > 0 else 'behind'} ours"


def _list(facts: Facts, live: int) -> Check:
    number = f"{live:,} live storage{'' if live == 1 else 's'}"
    if facts.complete:
        return Check("storages", OK, f"{number}; the list is complete")
    account = facts.about.account if facts.about else None
    seen = f"what {quoted(account)} may see" if account else "what this account may see"
    if facts.complete is None:
        message = f"{number}: {seen}; nobody can tell whether that is all"
    else:
        message = f"{number}: {seen}, which is not all"
    advice = "use an account that sees every storage that the manifest owns"
    return Check("storages", WARNING, message, advice)


def _spaces(facts: Facts) -> Iterator[Check]:
    if facts.spaces_failure:
        advice = "no removal can be planned before it is known which spaces use a storage"
        yield Check("spaces", FAILED, facts.spaces_failure, advice)


def _lock(facts: Facts, abilities: Abilities) -> Check:
    if facts.lock_failure:
        advice = "apply takes the lease before it writes: see that the lock can be reached"
        return Check("lock", FAILED, facts.lock_failure, advice)
    if facts.lock is not None:
        keeper = f"the manifest's, {shown(masked(facts.lock))}"
    elif abilities.lock:
        keeper = "the platform keeps the lease"
    elif facts.reads:
        return Check("lock", OK, "none is needed to read")
    else:
        return Check(
            "lock",
            WARNING,
            "nothing keeps two applies apart",
            "write `lock: s3://bucket/key` or `lock: file:///path` into the manifest",
        )
    held = f"held by {facts.holder}" if facts.holder else "nobody holds it"
    return Check("lock", OK, f"{keeper}; {held}")
