"""`defaults:` filled into the entries of its file that may have the keys."""

from __future__ import annotations

from typing import Any

_EVERYWHERE = ("label", "protect")


class Defaults:
    """The `defaults` of one file, sorted out once for each kind of entry."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self._type = defaults.get("type")
        self._url_only = _chosen(defaults, *_EVERYWHERE)
        self._local = _chosen(defaults, "default_url", *_EVERYWHERE)
        self._aws = _chosen(defaults, "region", "bucket", *_EVERYWHERE)
        self._open = self._local if "default_url" in defaults else self._aws

    def document(self, tree: dict[str, Any]) -> dict[str, Any]:
        """Return a valid document without `defaults`, its entries filled in."""
        rest = {key: value for key, value in tree.items() if key != "defaults"}
        if "storages" in tree:
            rest["storages"] = [self.into(entry) for entry in tree["storages"]]
        return rest

    def into(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the entry with everything that it leaves out and may have."""
        kind = entry.get("type", self._type)
        if kind == "local":
            fill = self._local
        elif "default_url" in entry:
            fill = self._url_only
        elif "region" in entry or "bucket" in entry:
            fill = self._aws
        else:
            fill = self._open
        filled = {**fill, **entry}
        if kind is not None:
            filled["type"] = kind
        return filled


def _chosen(defaults: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: defaults[key] for key in keys if key in defaults}
