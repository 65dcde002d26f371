"""What `verify` came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.printable import quoted
from reconciler.recovery.paths import shown
from reconciler.recovery.proving.results import PROVED, UNPROVED, WRONG, Proved, StorageProved
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.results import Elsewhere, StorageVerified, Verified
from reconciler.report.findings import ERROR, WARNING, Finding
from reconciler.report.sentences.recovery import beside, objectives
from reconciler.report.sentences.recovery import verifications as sentences
from reconciler.report.sentences.terms import count, spoken
from reconciler.report.verdicts.verdict import Case, Verdict

#: The rule of what is known of a storage as a whole.
_STORAGE = "storage"


def of_verified(verified: Verified) -> Verdict:
    """Judge a comparison: a case for each storage; what could not be compared is unknown."""
    cases = [_storage(one) for one in verified.storages]
    cases += [_elsewhere(one, verified.repository) for one in verified.elsewhere]
    notes = (*beside.passed_over(verified), *verified.notes)
    findings = [finding for case in cases for finding in case.findings]
    findings += [Finding("note", WARNING, note) for note in notes]
    return Verdict(
        "verify",
        verified.verdict,
        sentences.total(verified),
        tuple(findings),
        tuple(cases),
        {
            "of": verified.of,
            "compared": verified.compared,
            "not_verified": verified.not_verified,
            **dict(sorted(sentences.all_found(verified.storages).items())),
        },
    )


def of_proved(proved: Proved) -> Verdict:
    """Judge storages by their objectives: what was not proved within its cycle is unknown."""
    cases = [_objective(one, proved.at) for one in proved.storages]
    cases += [_elsewhere(one, proved.repository) for one in proved.elsewhere]
    findings = [finding for case in cases for finding in case.findings]
    findings += [Finding("note", WARNING, note) for note in proved.notes]
    verdicts = [one.verdict for one in proved.storages]
    return Verdict(
        "verify",
        proved.verdict,
        objectives.total(proved),
        tuple(findings),
        tuple(cases),
        {verdict: verdicts.count(verdict) for verdict in (PROVED, UNPROVED, WRONG)},
    )


def _objective(one: StorageProved, at: int) -> Case:
    level = ERROR if one.verdict == WRONG else WARNING
    told = "; ".join((*objectives.facts(one, at), *objectives.reasons(one, at)))
    status = objectives.result(one)
    message = f"{quoted(one.storage)}: {status}{': ' if told else ''}{told}"
    rule = f"storage-{status.replace(' ', '-')}"
    found = () if one.verdict == PROVED else (Finding(rule, level, message, name=one.storage),)
    return Case(one.storage, found, unknown=one.verdict == UNPROVED)


def _storage(one: StorageVerified) -> Case:
    found = list(map(_finding, one.findings))
    found += _left_out(one)
    found += [_earlier(finding, one.storage) for finding in one.lasting]
    if (more := sum(one.lasts.values()) - len(one.lasting)) > 0:
        found.append(_about(one, ERROR, f"{count(more, 'more file')} found earlier"))
    if one.is_partial:
        found.append(_about(one, WARNING, sentences.compared(one)))
    if one.forgotten:
        found.append(_about(one, WARNING, "what earlier runs found can't be read"))
    if one.incomplete:
        found.append(_about(one, WARNING, "not all was listed and read"))
    return Case(one.storage, tuple(found), unknown=one.verdict == results.UNKNOWN)


def _left_out(one: StorageVerified) -> Iterator[Finding]:
    """Say of each class how many more there are than are listed."""
    for what, number in one.found.items():
        more = number - sum(finding.what == what for finding in one.findings)
        if more > 0:
            message = f"{more:,} more {spoken(what)}: `--rows` writes all of them"
            yield Finding(_rule(what), _level(what), f"{quoted(one.storage)}: {message}")


def _elsewhere(one: Elsewhere, repository: str) -> Case:
    name = one.storage or one.address or "a storage"
    found = [_earlier(finding, name) for finding in one.lasting]
    level = ERROR if one.lasts else WARNING
    told = beside.elsewhere([one], repository)
    found += [Finding(_STORAGE, level, message, name=name) for message in told]
    return Case(name, tuple(found), unknown=not one.lasts)


def _finding(finding: FileFinding) -> Finding:
    about = [sentences.meaning(finding), *sentences.details(finding)]
    return _of_file(finding, finding.storage, _level(finding.what), about)


def _earlier(finding: FileFinding, storage: str) -> Finding:
    about = [f"found earlier, {sentences.LASTS}", *sentences.details(finding)]
    return _of_file(finding, storage, ERROR, about)


def _of_file(finding: FileFinding, storage: str, level: str, about: Iterable[str]) -> Finding:
    name = f"{storage}: {shown(finding.path)}" if finding.path else storage
    message = f"{quoted(storage)}: {sentences.subject(finding)}: {'; '.join(about)}"
    return Finding(_rule(finding.what), level, message, name=name)


def _about(one: StorageVerified, level: str, message: str) -> Finding:
    return Finding(_STORAGE, level, f"{quoted(one.storage)}: {message}", name=one.storage)


def _rule(what: str) -> str:
    return f"file-{what.replace('_', '-')}"


def _level(what: str) -> str:
    return WARNING if what in results.UNPROVED else ERROR
