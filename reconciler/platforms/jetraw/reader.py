"""The real platform, opened for reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata

import msgspec

from reconciler.model import State, Storage
from reconciler.platform import Abilities, About, InventoryRow
from reconciler.platforms.jetraw import answers
from reconciler.platforms.jetraw.sdk import DISTRIBUTION, Sdk
from reconciler.platforms.jetraw.surface import Handle
from reconciler.printable import quoted

#: What the documented surface has, and nothing that we hope for: two setters, no condition that a
#: write could carry, and a list of what is "accessible to the current user". Names are called
#: unique, but nothing says who sees to it, nor how late the list may be.
ABILITIES = Abilities(
    complete_list=None,
    unique_names=False,
    bounded=False,
    atomic_update=False,
    spaces=True,
    parallelism=1,
)
#: A module that only looks like `jetraw.storages` has no spaces to ask about.
MODULE_ABILITIES = msgspec.structs.replace(ABILITIES, spaces=False)


class _Known:
    """What was listed once, of all storages: the SDK has no way to ask for one by its id."""

    def __init__(self, found: Iterable[answers.Found] = ()) -> None:
        self.handles = defaultdict[str, list[Handle]](list)
        for storage, handle in found:
            self.handles[storage.id].append(handle)
        self.spaces: Mapping[str, tuple[str, ...]] | None = None


class JetrawReader:
    """Asks; calls nothing that changes anything.

    Of the files and spaces of storages that were read it lists neither for each storage anew.
    """

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk
        self._known: _Known | None = None

    @property
    def abilities(self) -> Abilities:
        """What the SDK is able to do."""
        return MODULE_ABILITIES if self._sdk.spaces is None else ABILITIES

    def identity(self) -> str:
        """Return the organisation and its host, or the module's name."""
        return self._sdk.platform_id

    def about(self) -> About:
        """Name the SDK's version and the account; roles it does not tell."""
        return About(self._version(), self._sdk.account)

    def _version(self) -> str:
        module = self._sdk.storages.__name__
        if self._sdk.login is not None:
            module = DISTRIBUTION
            try:
                return f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)}"
            except metadata.PackageNotFoundError:  # put there in another way than by installing it
                pass
        told = getattr(self._sdk.package, "__version__", None)
        return f"{module} {told}" if isinstance(told, str) else module

    def read(self) -> State:
        """List all storages that this account can see."""
        found = answers.all_storages(self._sdk)
        self._known = _Known(found)
        storages = tuple(item.storage for item in found)
        return State(storages, self._sdk.platform_id, self._sdk.account, complete=None)

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        """Get a storage by name alone; the SDK has no other way to find one than to list all."""
        self._check_unicode(id or "", name or "")
        if id is None and name is not None:
            found = answers.named_or_all(self._sdk, name)
            return (found,) if isinstance(found, Storage) else ()
        listed = (item.storage for item in answers.all_storages(self._sdk))
        return tuple(storage for storage in listed if storage.id == id or storage.name == name)

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        """Yield the files of a storage as the SDK does, in no particular order."""
        self._check_unicode(id)
        known = self._known
        if known is None or id not in known.handles:
            known = _Known(answers.all_storages(self._sdk))
        for handle in known.handles.get(id, ()):
            yield from answers.inventory(self._sdk, handle)

    def spaces_using(self, id: str) -> tuple[str, ...]:
        """Name the spaces that are tied to a storage; none for a module.

        They are listed once for all storages that were read; anew after these were read again.
        """
        known = self._known or _Known()
        if known.spaces is None:
            known.spaces = answers.spaces(self._sdk)
        return known.spaces.get(id, ())

    def close(self) -> None:
        """Do nothing: the SDK has no way to log out."""

    def _check_unicode(self, *texts: str) -> None:
        for text in texts:
            if any("\ud800" <= char <= "\udfff" for char in text):
                raise self._sdk.error(f"{quoted(text)} is not valid Unicode: correct the text")
