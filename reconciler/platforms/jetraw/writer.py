"""The real platform, opened for writing: checks first, then a single call, then no more.

The SDK carries no condition with a write, so what is relied on is read just before it. What a
failed write has done nobody knows, whatever it raised: also after an error that the reference
names the connection may have broken once the server was done, and lists may show that late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import msgspec

from reconciler.errors import LeaseLostError, PlatformError, RefusedError, UnknownOutcomeError
from reconciler.location import aws_url
from reconciler.model import TYPES, State, Storage, Values
from reconciler.platform import InventoryRow, Lost
from reconciler.platforms import conflicts
from reconciler.platforms.jetraw import answers
from reconciler.platforms.jetraw.foreign import SilentError
from reconciler.platforms.jetraw.reader import JetrawReader
from reconciler.platforms.jetraw.sdk import OURS, Sdk
from reconciler.platforms.jetraw.surface import Handle
from reconciler.printable import quoted

_T = TypeVar("_T")


class JetrawWriter(JetrawReader):
    """Reads and writes. Each write is one call of the SDK, or two for a name and a label."""

    def __init__(self, sdk: Sdk, lost: Lost = lambda: None) -> None:
        super().__init__(sdk)
        self._lost = lost
        self._closed = False

    def read(self) -> State:
        """List all storages, and keep nothing: before each write all is asked afresh."""
        state = super().read()
        self._known = None
        return state

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        """Look in the list, also for a name alone: there it has to be for a step to be done."""
        return super().find(id=id or "", name=name)

    def create(self, values: Values, *, key: str | None = None) -> Storage:  # noqa: ARG002
        self._must_hold(values.name, values.label, values.default_url)
        if values.type not in TYPES or not values.default_url:
            raise RefusedError(f"{quoted(values.name)} needs a type, S3 or local, and a location")
        before = answers.named_or_all(self._sdk, values.name)
        if isinstance(before, Storage):
            raise conflicts.name_taken(values.name)
        what = f"creating {quoted(values.name)}"
        handle = self._written(what, self._creation(values), ValueError)
        made = self._read_back(what, handle)
        if any(item.storage.id == made.id for item in before):
            there = f"it gives a storage that was there before (id {quoted(made.id)})"
            raise UnknownOutcomeError(f"{what}: {there}")
        return made

    def _creation(self, values: Values) -> Callable[[], Handle]:
        make = self._sdk.storages
        name, label, keywords = values.name, values.label, self._sdk.keywords()
        region, bucket = values.region, values.bucket
        if region and bucket and values.default_url == aws_url(region, bucket):
            return partial(make.create_aws_s3_storage, name, label, region, bucket, **keywords)
        return partial(
            make.create_storage, name, values.type, label, values.default_url, **keywords
        )

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, then label, each by a call of its own; what is as wanted is left alone."""
        self._must_hold(expected.name if name is None else name, label or "")
        live, handle = self._as_expected(expected, name)
        asked = {"name": name, "label": label}
        for field, value in asked.items():
            if value is not None and value != getattr(live, field):
                what = f"changing the {field} of {quoted(live.name)}"
                self._written(what, partial(setattr, handle, field, value))
        return self._changed(live, handle, asked)

    def _changed(self, live: Storage, handle: Handle, asked: Mapping[str, str | None]) -> Storage:
        """Read what was changed; the SDK's object may be a picture of what was before."""
        what = f"changing {quoted(live.name)}"
        made = self._read_back(what, handle)
        wanted = msgspec.structs.replace(live, **{k: v for k, v in asked.items() if v is not None})
        if made == live != wanted:
            with suppress(PlatformError):
                made = next(iter(self.find(id=live.id)), made)
        if made == live != wanted:
            raise UnknownOutcomeError(f"{what}: it raised nothing, and has changed nothing so far")
        return made

    def _read_back(self, what: str, handle: Handle) -> Storage:
        """Read what a write gives back: the platform may have made something else of it."""
        try:
            return self._sdk.ask(what, lambda: answers.storage(self._sdk, handle))
        except PlatformError as error:
            raise UnknownOutcomeError(f"{what}: {error}") from None

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        """Remove a storage; what it holds is looked at before, as nothing else protects it."""
        live, handle = self._as_expected(expected)
        if not holds_files and any(True for _ in answers.inventory(self._sdk, handle)):
            raise conflicts.holds_files(live)
        self._written(f"removing {quoted(live.name)}", handle.remove)

    def close(self) -> None:
        """Write nothing from now on, also for a call that was begun and is not waited for."""
        self._closed = True

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:  # noqa: ARG002
        """Refuse: the SDK writes no records of files."""
        raise self._sdk.error("records of files can't be written through the SDK")

    def _as_expected(self, expected: Storage, name: str | None = None) -> answers.Found:
        """Read a storage afresh; raises `ConflictError` if it changed, or if `name` is taken."""
        listed = answers.all_storages(self._sdk)
        found = next((item for item in listed if item.storage.id == expected.id), None)
        if found is not None and found.storage.flaw:
            raise conflicts.unreadable(found.storage)
        if found is None or not conflicts.same(expected, found.storage):
            raise conflicts.changed(expected, found.storage if found else None)
        if any(s.name == name and s.id != expected.id for s, _ in listed):
            raise conflicts.name_taken(str(name))
        return found

    def _written(
        self, what: str, call: Callable[[], _T], documented: type[Exception] | None = None
    ) -> _T:
        """Make the call that writes; raises `UnknownOutcomeError` for whatever it raises.

        `documented` is what the reference says that a refused call raises. A subclass may be
        anything: JSONDecodeError is a ValueError.
        """
        try:
            return self._sdk.foreign.call(partial(self._make, what, call, documented), writes=True)
        except SilentError as error:
            raise UnknownOutcomeError(f"{what}: {error}, and it is not known what it did") from None

    def _make(self, what: str, call: Callable[[], _T], documented: type[Exception] | None) -> _T:
        # What was read before has taken its time, and nothing at the platform refuses late writes.
        if why := self._lost():
            raise LeaseLostError(why)
        if self._closed:
            raise LeaseLostError("nothing is written any more, as the run has ended")
        try:
            return call()
        except OURS:
            raise
        except BaseException as error:
            cause, refusal = self._sdk.cause(error), type(error) is documented
        if refusal:
            told = f"the platform refuses {what}, as it says: {cause}"
        else:
            told = f"{what} failed, and it is not known what it did: {cause}"
        raise UnknownOutcomeError(told, refusal=refusal)

    def _must_hold(self, name: str, *texts: str) -> None:
        self._check_unicode(name, *texts)
        if not name:
            raise RefusedError("a storage needs a name")
