"""What a plan says of reasons and warnings, in a rebuild: advice that a rebuild can follow.

The plan advises whoever writes a manifest. The one that is planned here is the snapshot's, which
nobody can edit, and pins, earlier names and `removed:` play no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from reconciler.location import ByLocation
from reconciler.masking import quoted_url
from reconciler.model import Notice, State
from reconciler.plan.document import Plan
from reconciler.printable import quoted
from reconciler.recovery.rebuilding.wanted import Found, Wanted


def fitting(plan: Plan, ours: Sequence[Wanted], found: Found, state: State) -> Plan:
    """Return a plan whose reasons and warnings say what can be done in a rebuild."""
    advice = _Advice(ours, found, state)
    blocked = sorted(advice.said(plan.blocked_by))
    warnings = sorted(advice.said(plan.warnings))
    return replace(plan, blocked_by=tuple(blocked), warnings=tuple(warnings))


class _Advice:
    def __init__(self, ours: Sequence[Wanted], found: Found, state: State) -> None:
        self._ours = {one.entry.name: one for one in ours}
        self._found = found
        self._places = ByLocation(state.storages)
        self._by_code: dict[str, Callable[[Notice], str]] = {
            "likely_rename": self._likely_rename,
            "location_change": self._location_change,
            "interrupted_move": self._interrupted_move,
            "relative_path": self._relative_path,
            # Of the globs of `policy.protect` in the user's own manifest, of which no more is read.
            "idle_glob": lambda _: "",
        }

    def said(self, notices: Sequence[Notice]) -> Iterator[Notice]:
        """Yield the notices that mean something here, those of storages that are not asked for not.

        An empty message is one that means nothing.
        """
        for notice in notices:
            if notice.code in ("relative_path", "same_location") and notice.name not in self._ours:
                continue  # of the snapshot's manifest, which has all of its storages
            say = self._by_code.get(notice.code)
            if message := say(notice) if say else notice.message:
                yield replace(notice, message=message)

    def _likely_rename(self, notice: Notice) -> str:
        names = self._places.names_at(self._ours[notice.name].entry)
        return (
            f"{quoted(notice.name)} would be created where {names} lies: two storages would lie at "
            "one place. If it is the same storage, give the live one the name "
            f"{quoted(notice.name)} and run this again; if it is not wanted, --scope leaves it out"
        )

    def _location_change(self, notice: Notice) -> str:
        one = self._ours[notice.name]
        live = self._found.live[one.storage.id]
        return (
            f"{quoted(notice.name)} lay at {quoted_url(one.entry.default_url)}, and what has its "
            f"name now lies at {quoted_url(live.default_url)}. If it is the same one, say "
            "--relocate FROM=TO; if not, give the live one another name; --scope leaves it out"
        )

    def _interrupted_move(self, notice: Notice) -> str:
        return (
            f"{quoted(notice.name)} was being renamed by an apply that was cut off, and the "
            "snapshot does not say which storage it is: run that apply again, or give the storage "
            "a name of its own"
        )

    def _relative_path(self, notice: Notice) -> str:
        url = quoted_url(self._ours[notice.name].entry.default_url)
        return (
            f"{quoted(notice.name)}: its folder, {url}, is relative, so it means another place on "
            "each machine: --relocate FROM=TO gives it an absolute one"
        )
