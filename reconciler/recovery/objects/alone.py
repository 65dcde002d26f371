"""One object, asked for by itself: it may be there though a listing leaves it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.recovery.objects.pages import Item, Listed, listed
from reconciler.recovery.roots.asking import OBJECT, Asking, Refused
from reconciler.recovery.roots.reaching import Reached
from reconciler.recovery.rows import DELETED
from reconciler.recovery.versions import NULL

_SECOND = 1_000_000_000


def there(reached: Reached, known: Listed) -> Listed | None:
    """Return what lies under the key of an object that is `known`, as a listing would have it.

    None if nothing does. Of one that is deleted the version that is known, if it is there. Raises
    `Refused`, also for a key that is no text.
    """
    try:
        key = known.key.decode()
    except UnicodeDecodeError:
        raise Refused(0, "EILSEQ", "its name is no text, and boto3 can't ask for it") from None
    now = _headed(reached.asking, Key=key)
    if now is not None:
        found = listed(known.key, now)
        return _as_listed(found if reached.versioned else found._replace(version=None), known)
    if not reached.versioned or known.version in (None, NULL):
        return None
    kept = _headed(reached.asking, Key=key, VersionId=known.version)
    if kept is None:
        return None
    return Listed(known.key, DELETED, kept["Size"], None, known.version, None, None)


def _headed(asking: Asking, **request: object) -> Item | None:
    try:
        answer = asking.ask("head_object", OBJECT, **request)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    return _item(answer)


def _item(answer: Mapping[str, Any]) -> Item:
    """Return an answer in the words of a listing."""
    names = ("ETag", "LastModified", "StorageClass", "VersionId", "ChecksumType")
    item = {name: answer[name] for name in names if name in answer}
    restored = answer.get("Restore", "")
    if 'ongoing-request="false"' in restored:
        item["RestoreStatus"] = {"IsRestoreInProgress": False, "RestoreExpiryDate": restored}
    return item | {
        "Size": answer.get("ContentLength"),
        "ChecksumAlgorithm": ["SHA256"] if "ChecksumSHA256" in answer else [],
    }


def _as_listed(found: Listed, known: Listed) -> Listed:
    """Take the time from what is known where it is the same: an answer has whole seconds alone."""
    same = (found.size, found.tag) == (known.size, known.tag)
    times = found.mtime_ns, known.mtime_ns
    if same and None not in times and times[0] // _SECOND == times[1] // _SECOND:  # type: ignore[operator]
        return found._replace(mtime_ns=known.mtime_ns)
    return found
