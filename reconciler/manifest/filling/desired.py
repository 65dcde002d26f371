"""Valid trees -> the values that everything else speaks of."""

from __future__ import annotations

from typing import Any

from reconciler.location import aws_url, sanitize_local_url
from reconciler.model import Entry, Policy, Proof, Removed

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def entries_of(tree: dict[str, Any], file: str) -> list[Entry]:
    """Make the entries of one valid document, its defaults filled in."""
    prefixes: dict[str, str] = {}
    made = []
    for index, item in enumerate(tree.get("storages", ())):
        get = item.get
        kind = get("type", "S3")  # left out only beside region and bucket
        url, region = get("default_url"), get("region")
        if url is None:
            if region not in prefixes:
                prefixes[region] = aws_url(region, "")
            url = prefixes[region] + item["bucket"]
        elif kind == "local":
            url = sanitize_local_url(url)
        made.append(
            Entry(
                item["name"],
                kind,
                url,
                get("label"),
                region,
                get("bucket"),
                get("id"),
                tuple(get("renamed_from", ())),
                get("protect", False),
                file,
                index,
                proof_of(item),
            )
        )
    return made


def removed_of(tree: dict[str, Any], file: str) -> list[Removed]:
    """Make the removals of one valid document."""
    return [
        Removed(
            item["name"], item.get("id"), item.get("holds_files", False), file=file, index=index
        )
        for index, item in enumerate(tree.get("removed", ()))
    ]


def policy_of(tree: dict[str, Any]) -> Policy:
    """Make the policy of one valid document; what it leaves out has the usual value."""
    values = dict(tree.get("policy", {}))
    for key in ("protect", "scope"):
        if key in values:
            values[key] = tuple(values[key])
    return Policy(**values)


def proof_of(part: dict[str, Any]) -> Proof | None:
    """Return what a valid document, or an entry of one, says of the objective."""
    said = part.get("proof")
    if said is None:
        return None
    exclude = said.get("exclude")
    return Proof(
        _seconds(said.get("every")),
        _seconds(said.get("settled")),
        None if exclude is None else tuple(exclude),
    )


def _seconds(text: str | None) -> int | None:
    return None if text is None else int(text[:-1]) * _SECONDS[text[-1]]
