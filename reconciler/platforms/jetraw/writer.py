"""The real platform, opened for writing: checks first, then a single call, then no more.

The SDK carries no condition with a write, so what is relied on is read just before it. What a
failed write has done is not documented. It is known only after one of the errors that the
reference names, and if a look at live then shows that nothing has changed; else the outcome is
unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec

from reconciler import conflicts
from reconciler.errors import LeaseLostError, PlatformError, RefusedError, UnknownOutcomeError
from reconciler.model import TYPES, Storage, aws_url
from reconciler.names import quoted
from reconciler.plan.document import Values
from reconciler.platform import InventoryRow, Lost
from reconciler.platforms.jetraw import answers
from reconciler.platforms.jetraw.reader import JetrawReader
from reconciler.platforms.jetraw.sdk import OURS, Sdk
from reconciler.platforms.jetraw.surface import Handle

_T = TypeVar("_T")


class JetrawWriter(JetrawReader):
    """Reads and writes. Each write is one call of the SDK, or two for a name and a label."""

    def __init__(self, sdk: Sdk, lost: Lost = lambda: None) -> None:
        super().__init__(sdk)
        self._lost = lost

    def create(self, values: Values, *, key: str | None = None) -> Storage:  # noqa: ARG002
        """Create a storage; raises `ConflictError` if the name is taken."""
        self._must_hold(values.name, values.label, values.default_url)
        if values.type not in TYPES or not values.default_url:
            raise RefusedError(f"{quoted(values.name)} needs a type, S3 or local, and a location")
        if self.find(name=values.name):
            raise conflicts.name_taken(values.name)
        what = f"creating {quoted(values.name)}"
        made = self._written(
            what, self._creation(values), ValueError, lambda: not self.find(name=values.name)
        )
        try:
            return answers.storage(self._sdk, made)
        except PlatformError as error:
            raise UnknownOutcomeError(f"{what}: {error}") from None

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
        wanted = msgspec.structs.replace(
            live,
            name=live.name if name is None else name,
            label=live.label if label is None else label,
        )
        for field in ("name", "label"):
            value = getattr(wanted, field)
            if value != getattr(live, field):
                what = f"changing the {field} of {quoted(live.name)}"
                self._written(what, partial(setattr, handle, field, value))
        return wanted

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        """Remove a storage; what it holds is looked at before, as nothing else protects it."""
        live, handle = self._as_expected(expected)
        if not holds_files and any(True for _ in answers.inventory(self._sdk, handle)):
            raise conflicts.holds_files(live)
        self._written(
            f"removing {quoted(live.name)}",
            handle.remove,
            RuntimeError,
            lambda: self.find(id=live.id) == (live,),
        )

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:  # noqa: ARG002
        """Refuse: the SDK writes no records of files."""
        raise self._sdk.error("records of files can't be written through the SDK")

    def _as_expected(self, expected: Storage, name: str | None = None) -> answers.Found:
        """Read a storage afresh; raises `ConflictError` if it changed, or if `name` is taken."""
        listed = answers.all_storages(self._sdk)
        found = next((item for item in listed if item.storage.id == expected.id), None)
        if found is None or not conflicts.same(expected, found.storage):
            raise conflicts.changed(expected, found.storage if found else None)
        if any(s.name == name and s.id != expected.id for s, _ in listed):
            raise conflicts.name_taken(str(name))
        return found

    def _written(
        self,
        what: str,
        call: Callable[[], _T],
        documented: type[Exception] | None = None,
        untouched: Callable[[], bool] = lambda: False,
    ) -> _T:
        """Make the call that writes, and say how certain it is what became of it.

        `documented` is what the reference says that a refused call raises; `untouched` reads
        live to see whether it is as before.
        """
        # What was read before has taken its time, and nothing at the platform refuses late writes.
        if why := self._lost():
            raise LeaseLostError(why)
        try:
            return call()
        except OURS:
            raise
        except BaseException as error:
            cause = self._sdk.cause(error)
            refused = type(error) is documented  # a subclass may be anything: JSONDecodeError
        if refused and self._is(untouched):
            raise RefusedError(f"the platform refuses {what}: {cause}")
        raise UnknownOutcomeError(f"{what} failed, and it is not known what it did: {cause}")

    @staticmethod
    def _is(untouched: Callable[[], bool]) -> bool:
        try:
            return untouched()
        except PlatformError:
            return False

    def _must_hold(self, name: str, *texts: str) -> None:
        self._check_unicode(name, *texts)
        if not name:
            raise RefusedError("a storage needs a name")
