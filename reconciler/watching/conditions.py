"""What is not as it should be, for as long as it is so: each is told once, and its end once.

A look that fails says nothing of what it did not see: what was known before lasts until somebody
has looked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

#: Kinds of conditions: the checkout could not be brought up to date; manifest or platform could
#: not be read; live differs; policy blocks; a plan could not be applied.
NOT_PULLED, UNREAD, DRIFT, BLOCKED, NOT_APPLIED = (
    "not_pulled",
    "unread",
    "drift",
    "blocked",
    "not_applied",
)
#: A scan failed as a whole; one runs for longer than it may; files are wrong; a storage could not
#: be reached; proofs are older than the objective allows; there are none of some files; what was
#: known of a storage is lost.
NOT_SCANNED, LONG_SCAN, FINDING, NOT_REACHABLE, OVERDUE, NOT_PROVED, NOT_KNOWN = (
    "not_scanned",
    "long_scan",
    "finding",
    "not_reachable",
    "overdue",
    "not_proved",
    "not_known",
)
#: What one look at something tells of, all at once.
CHECKOUT, READING, LIVE, APPLYING = (
    frozenset({NOT_PULLED}),
    frozenset({UNREAD}),
    frozenset({DRIFT, BLOCKED}),
    frozenset({NOT_APPLIED}),
)
SCANNING, RUNNING, PROOFS = (
    frozenset({NOT_SCANNED}),
    frozenset({LONG_SCAN}),
    frozenset({FINDING, NOT_REACHABLE, OVERDUE, NOT_PROVED, NOT_KNOWN}),
)
#: Of which it is news, too, that they are another way than before.
TELLING = frozenset({DRIFT, FINDING})
#: Of which it is news that they have another cause: only that, since they may be told of in other
#: words each time.
CAUSED = frozenset({UNREAD, NOT_PULLED, NOT_APPLIED})
#: Why nothing could be read: what was given makes no sense; the platform does not answer; it is
#: another one than before, or none.
OF_MANIFEST, OF_PLATFORM, OF_ANOTHER = "manifest", "platform", "another_platform"
KINDS = tuple(sorted(CHECKOUT | READING | LIVE | APPLYING | SCANNING | RUNNING | PROOFS))
BEGAN, CHANGED, ENDED = "began", "changed", "ended"
#: With what the message begins of a condition that ends since a watch was told not to look at it.
DROPPED = "no longer looked at: "


class Condition(Struct, frozen=True, order=True):
    """Something that is not as it should be."""

    kind: str
    #: The storage that it is about; empty where it is about none.
    name: str
    #: What it is more closely: how a storage differs, the code of a blocking reason, the cause,
    #: the digest of the plan.
    code: str
    #: For people; it may change while the condition lasts.
    message: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By which it is known to be the same; some may come to be of another way, or cause."""
        return (self.kind, self.name, "" if self.kind in CAUSED | TELLING else self.code)

    def is_news_after(self, before: Condition) -> bool:
        """Return whether it is to be told that it is so now, where it was so before.

        That nobody looks at it any more is told by its end.
        """
        if self.kind in CAUSED:
            return self.code != before.code
        return self.kind in TELLING and self._as_seen != before._as_seen

    @property
    def _as_seen(self) -> Condition:
        return replace(self, message=self.message.removeprefix(DROPPED))


class Lasting(Struct, frozen=True, order=True):
    """A condition, and since when it is known."""

    condition: Condition
    #: RFC 3339, UTC.
    since: str


class News(Struct, frozen=True):
    """A condition has begun, has changed in what it says, or has ended."""

    event: str
    time: str
    condition: Condition
    since: str


def dropped(
    known: Iterable[Lasting], kinds: frozenset[str], names: frozenset[str] | None = None
) -> tuple[Lasting, ...]:
    """Return what lasts, of which some kinds say that nobody looks at them any more.

    `names`: those of some storages alone.
    """
    return tuple(
        Lasting(replace(one.condition, message=f"{DROPPED}{one.condition.message}"), one.since)
        if one.condition.kind in kinds
        and (names is None or one.condition.name in names)
        and not one.condition.message.startswith(DROPPED)
        else one
        for one in known
    )


def added(
    known: Iterable[Lasting], kinds: frozenset[str], conditions: Iterable[Condition]
) -> tuple[Condition, ...]:
    """Return conditions with those of the same kinds that are known beside them."""
    found = {one.condition.key: one.condition for one in known if one.condition.kind in kinds}
    return tuple({**found, **{condition.key: condition for condition in conditions}}.values())


def seen(
    known: Iterable[Lasting], kinds: frozenset[str], conditions: Iterable[Condition], now: str
) -> tuple[tuple[Lasting, ...], tuple[News, ...]]:
    """Take what was seen of some kinds for all that there is of them; return what lasts, and news.

    Of some it is news, too, that they are of another way, or cause, or more, than before.
    """
    found: dict[tuple[str, str, str], Condition] = {}
    for one in sorted(conditions):
        found[one.key] = _joined(found.get(one.key), one)
    earlier: Mapping[tuple[str, str, str], Lasting] = {one.condition.key: one for one in known}
    news, lasting = [], []
    for key, known_one in earlier.items():
        if known_one.condition.kind not in kinds:
            lasting.append(known_one)
        elif key not in found:
            news.append(News(ENDED, now, known_one.condition, known_one.since))
    for key, condition in found.items():
        before = earlier.get(key)
        since = before.since if before else now
        lasting.append(Lasting(condition, since))
        if before is None:
            news.append(News(BEGAN, now, condition, now))
        elif condition.is_news_after(before.condition):
            news.append(News(CHANGED, now, condition, since))
    return tuple(sorted(lasting)), tuple(news)


def _joined(before: Condition | None, one: Condition) -> Condition:
    """Return what is said of a storage that differs in more than one way."""
    if before is None or before == one:
        return one
    return Condition(one.kind, one.name, one.code, f"{before.message}; {one.message}")
