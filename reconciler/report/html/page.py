"""What a page is made of, as values: everything in them may come from strangers."""

from __future__ import annotations

from msgspec import Struct

#: How much something matters; a page never says it by colour alone.
FINE, PLAIN, DOUBT, ALARM = "fine", "plain", "doubt", "alarm"


class Value(Struct, frozen=True, gc=False):
    """One field of an item. Where both sides are given, they differ."""

    field: str
    before: str | None = None
    after: str | None = None


class Item(Struct, frozen=True, gc=False):
    """One thing of a list, that can be searched for."""

    #: What kind of thing, in a word: what the reader may choose to see.
    kind: str
    name: str = ""
    #: The storage that `name` is a part of.
    within: str = ""
    #: An earlier name; empty: it has none.
    was: str = ""
    level: str = PLAIN
    #: What stands beside the name: how it ended.
    note: str = ""
    #: What must not be missed.
    alarm: str = ""
    #: What the values below are, and what is said after them.
    lead: str = ""
    values: tuple[Value, ...] = ()
    #: What the two sides of a value are called.
    sides: tuple[str, str] = ("before", "after")
    facts: tuple[str, ...] = ()


class Group(Struct, frozen=True):
    """A list under a title."""

    title: str
    items: tuple[Item, ...]
    #: What it means that something stands here, in a sentence.
    meaning: str = ""
    level: str = PLAIN
    #: How many there are, where not all of them are listed.
    number: int | None = None
    #: Whether it stays, whatever a reader searches for.
    stays: bool = False

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.items) if self.number is None else self.number


class Page(Struct, frozen=True):
    """A whole report."""

    #: What made it: `plan`.
    command: str
    #: What matters most, in a sentence.
    title: str
    #: The same in a word or two, if that says more, and how much it matters.
    status: str
    level: str = PLAIN
    #: Sentences that must not be missed, and others below the title.
    alarms: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    #: Numbers, each with what is counted and how much it matters.
    counts: tuple[tuple[int, str, str], ...] = ()
    #: What is known of the whole: names with what they stand for.
    facts: tuple[tuple[str, str], ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def kinds(self) -> dict[str, int]:
        """How many items there are of each kind, among those that can be searched for."""
        numbers: dict[str, int] = {}
        for group in self.groups:
            for item in () if group.stays else group.items:
                numbers[item.kind] = numbers.get(item.kind, 0) + 1
        return numbers
