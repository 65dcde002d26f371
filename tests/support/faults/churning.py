"""Rounds of operations of every kind on a state server, and the proof that each was made once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from reconciler.manifest import load
from reconciler.model import Storage
from reconciler.plan.document import Operation, Plan, Step, steps
from reconciler.platforms import open_platform
from reconciler.reconcile import Request, make_plan
from support.server.many_clients import get_all

#: What one write does: action, the storage's id (a create's location), the name and label it gives.
Effect = tuple[str, str, str | None, str | None]


class Churn:
    """A manifest that changes from round to round, and the state server that it is applied to.

    What it reads, it reads from the server itself, past any proxy.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._manifest = folder / "storages.yaml"
        self._url = url
        self._rounds = 0

    def next(self, creates: int) -> Round:
        """Write the manifest of the next round.

        It creates so many storages, half of them under names that others give up where there
        are such, and changes three in four of those that live: an eighth each is removed,
        renamed, relabelled, or both; a quarter swap their names in pairs.
        """
        self._rounds += 1
        live = self._live()
        entries, removed = _changed(live, f"{self._rounds}")
        freed = sorted({s.name for s in live} - {e["name"] for e in [*entries, *removed]})
        for i in range(creates):
            name = freed.pop() if freed and i % 2 else f"created {self._rounds} {i}"
            entries.append(_entry(name, f"/data/{self._rounds}-{i}", "first"))
        document = {"version": 1, "policy": {"max_removals": "100%"}, "storages": entries}
        if removed:
            document["removed"] = removed
        self._manifest.write_text(json.dumps(document), encoding="utf-8")
        return Round(self._plan(), {s.default_url: s.id for s in live}, len(self._audit()))

    def check(self, round: Round) -> None:
        """See that every operation of the round took effect once, nothing else, and nothing left.

        What lived before and was not removed is still the same storage.
        """
        written = Counter(map(_effect, self._audit()[round.audited :]))
        planned = Counter(_planned(op, step) for op, step in steps(round.plan))
        assert written == planned, (written - planned, planned - written)
        assert self.left() == set()
        document = json.loads(self._manifest.read_text(encoding="utf-8"))
        live = self._live()
        assert {_said(s) for s in live} == {
            (e["name"], f"file://{e['default_url']}", e["label"]) for e in document["storages"]
        }
        for storage in live:
            assert round.ids.get(storage.default_url, storage.id) == storage.id

    def left(self) -> set[str]:
        """Give the keys of the operations that are still to be made."""
        return {operation.key for operation in self._plan().operations}

    def _live(self) -> list[Storage]:
        with closing(open_platform(self._url, base=None, environ={}).reader()) as reader:
            return sorted(reader.read().storages, key=lambda storage: storage.name)

    def _plan(self) -> Plan:
        request = Request(load([str(self._manifest)], {}).desired)
        with closing(open_platform(self._url, base=None, environ={}).reader()) as reader:
            plan = make_plan(reader, request, address=self._url, now="")
        assert plan.ready, plan.blocked_by
        return plan

    def _audit(self) -> list[dict]:
        return get_all(self._url, "/v1/audit", "changes", "after")


class Round(NamedTuple):
    """What a round is to do, and what there was before it."""

    plan: Plan
    #: Of the storages that lived: id by location.
    ids: Mapping[str, str]
    #: How many lines the audit had.
    audited: int


def _changed(live: list[Storage], mark: str) -> tuple[list[dict], list[dict]]:
    """Give entries and removals that change what lives."""
    entries, removed = [], []
    for at, storage in enumerate(live):
        kind, name, label = at % 8, storage.name, storage.label
        if kind == 0:
            removed.append({"name": name})
            continue
        if kind == 1 and at + 1 < len(live):
            name = live[at + 1].name
        elif kind == 2:
            name = live[at - 1].name
        elif kind in (3, 5):
            name = f"renamed {mark} {at}"
        if kind in (4, 5):
            label = f"changed {mark}"
        place = storage.default_url.removeprefix("file://")
        entries.append({**_entry(name, place, label), "id": storage.id})
    return entries, removed


def _entry(name: str, place: str, label: str) -> dict:
    return {"name": name, "type": "local", "default_url": place, "label": label}


def _said(storage: Storage) -> tuple[str, str, str]:
    return storage.name, storage.default_url, storage.label


def _planned(operation: Operation, step: Step) -> Effect:
    if operation.action == "create":
        after = operation.after
        assert after is not None
        return "create", after.default_url, after.name, after.label
    return operation.action, operation.id or "", step.name, step.label


def _effect(change: Mapping) -> Effect:
    after = change["after"] or {}
    which = after["default_url"] if change["action"] == "create" else change["storage_id"]
    return change["action"], which, after.get("name"), after.get("label")
