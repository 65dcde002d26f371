"""Where in a manifest that stands which a finding is about: file, line and column."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from reconciler.manifest import Manifest, placed
from reconciler.model import Problem
from reconciler.report.findings import Finding
from reconciler.report.verdicts.verdict import Verdict

#: What of the policy speaks of a finding, where that has another name.
_KEYS = {"removal": "undeclared", "drift-undeclared": "undeclared"}


def in_manifest(manifest: Manifest | None, verdict: Verdict) -> Verdict:
    """Give each finding that has no place the one in the manifest that says what is wanted.

    That is the entry of its storage, in `storages:` or `removed:`; else what `policy:` says of it,
    or the first line, where a reader would begin.
    """
    if manifest is None or not manifest.files:
        return verdict
    spots = list(_spots(manifest, verdict.findings))
    places = iter(placed(spots, manifest.streams))
    findings = tuple(
        finding if finding.file else _at(finding, next(places)) for finding in verdict.findings
    )
    return replace(verdict, findings=findings, file=manifest.files[0])


def _spots(manifest: Manifest, findings: tuple[Finding, ...]) -> Iterator[Problem]:
    desired = manifest.desired
    known: dict[str, Problem] = {}
    for removed in desired.removed:
        known[removed.name] = Problem(removed.file, "", ("removed", removed.index, "name"))
    for entry in desired.entries:
        spot = Problem(entry.file, "", ("storages", entry.index, "name"))
        known.update(dict.fromkeys(entry.renamed_from, spot))
    for entry in desired.entries:
        known[entry.name] = Problem(entry.file, "", ("storages", entry.index, "name"))
    policy = _policy_file(manifest)
    for finding in findings:
        if not finding.file:
            storage = finding.name.partition(": ")[0]  # of a file on it
            known_at = known.get(finding.name) or known.get(storage)
            key = _KEYS.get(finding.rule, finding.rule)
            yield known_at or Problem(policy, "", ("policy", key))


def _policy_file(manifest: Manifest) -> str:
    """Return the file that has the policy; the first one if none has."""
    if len(manifest.files) > 1:
        asked = [Problem(file, "", ("policy",)) for file in manifest.files]
        for place in placed(asked, manifest.streams):
            if (place.line, place.column) > (1, 1):  # where what is not there is said to stand
                return place.file
    return manifest.files[0]


def _at(finding: Finding, place: Problem) -> Finding:
    line, column, end = place.line, place.column, place.end_column
    return replace(finding, file=place.file, line=line, column=column, end_column=end)
