"""What every format says of a verification: what was compared, what was found, what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.environment.timestamps import whole_seconds
from reconciler.masking import masked
from reconciler.printable import listed
from reconciler.printable import shown as printable
from reconciler.recovery import values
from reconciler.recovery.findings.episodes import is_settled
from reconciler.recovery.paths import shown
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying import results
from reconciler.recovery.verifying.comparing.classify import is_scattered
from reconciler.recovery.verifying.results import Side, StorageVerified, Taken, Verified
from reconciler.report.sentences import left_out
from reconciler.report.sentences.recovery.contents import also_missed, modified, sha, size
from reconciler.report.sentences.terms import count, spoken

#: From what matters most to what matters least, each with what it means.
MEANINGS = {
    values.DAMAGED: "other bytes, though by its time nobody wrote it",
    values.MISSING: "gone, from a folder that could be read",
    values.DELETED: "an earlier version is still there",
    values.CHANGED: "written since, though it had not changed for long",
    values.NOT_REACHABLE: "nothing is known of the storage",
    values.UNREADABLE: "there, and can't be read",
    values.NOT_VERIFIED: "nothing is known of this part",
    values.RENAMED: "the same name in another Unicode form, the same bytes",
    values.MOVED: "gone from here; the same bytes lie elsewhere",
    values.ARCHIVED: "put into an archive since; nothing is brought back unasked",
    values.CHANGING: "written while it was read",
    values.EXTRA: "here for long, and not in the snapshot",
}
#: What is said of the same class where it is about the platform's records of files.
_OF_RECORDS = {
    values.MISSING: "the platform has no record of it any more",
    values.CHANGED: "the platform's record of it has other checksums",
}
_QUIET = {
    "touched": "{} only touched: another time, the same bytes",
    "unsettled": "{} changed, and had not settled when the snapshot was made",
    "new": "{} new",
    "outside": "{} in parts that the snapshot knows nothing of",
}
_HOW = {
    results.DEEP: "the bytes on the storages, read again",
    results.AGAINST: "two snapshots",
    results.LIVE: "the platform's records of files",
}
#: What is said of earlier findings of which nobody knows that they are over.
LASTS = "open until the good bytes are read there again or it is accepted"


def verify(repository: str, snapshot: str = "") -> str:
    """Return the beginning of a command that verifies, to be pasted into a shell."""
    return command("verify", repository, snapshot)


def command(name: str, repository: str, snapshot: str = "") -> str:
    """Return the beginning of a command about a repository, to be pasted into a shell.

    `repository` is its address, as reports have it; `snapshot` an `@ID`, or empty.
    """
    return f"reconciler {name} {in_shell(repository, snapshot)}"


def heading(verified: Verified) -> str:
    """Say what was compared with what."""
    told = f"Compared: {_HOW[verified.how]}"
    if verified.now is not None:
        return f"{told}; was: {_side(verified.was)}; is: {_side(verified.now)}"
    on = f", on {masked(verified.platform)}" if verified.platform else ""
    return f"{told}{on}, with {_side(verified.was)}"


def compared(one: StorageVerified) -> str:
    """Say how much of a storage was compared."""
    if one.of is None:
        return "nothing compared: nobody knows what it held"
    noun = "record" if is_of_records(one) else "file"
    told = f"{one.compared:,} of {count(one.of, noun)} compared"
    return f"{told}, {one.not_verified:,} not verified" if one.not_verified else told


def is_of_records(one: StorageVerified) -> bool:
    """Return whether the platform's records were compared, and not what lies on a storage."""
    return (one.was is not None and not one.was.scan) or any(
        finding.about for finding in one.findings
    )


def rests_on(one: StorageVerified) -> list[str]:
    """Say of both sides when they were read, and how and when their hashes were proved."""
    sides = (("was", one.was), ("is", one.now))
    return [f"{word}: {_taken(taken)}" for word, taken in sides if taken is not None]


def not_known(one: StorageVerified) -> list[str]:
    """Say of what lies on a storage nothing is known, as somebody wanted it left out."""
    was, now = ((side.left_out if side else ()) for side in (one.was, one.now))
    return left_out.of_both(was, now) if one.now else left_out.of_both(was, was)


def meaning(finding: FileFinding) -> str:
    """Return what a class means."""
    if finding.about and finding.what in _OF_RECORDS:
        return _OF_RECORDS[finding.what]
    return MEANINGS.get(finding.what, spoken(finding.what))


def subject(finding: FileFinding) -> str:
    """Return what a finding is about: a path, some files, or the whole storage."""
    if finding.path:
        return shown(finding.path)
    return "some of its files" if is_scattered(finding) else "the whole storage"


def details(finding: FileFinding) -> list[str]:
    """Return what was, what is, and since when it is wrong, each in a few words."""
    told = []
    if finding.what == values.RENAMED:
        told.append(f"was {_in_bytes(finding.path)}, is {_in_bytes(finding.other)}")
    elif finding.other:
        told.append(f"now at {shown(finding.other)}")
    if finding.what == values.DELETED and finding.note:
        told.append(f"version {finding.note} is still there")
    elif finding.note:
        told.append(finding.note)
    if finding.files:
        told.append(count(finding.files, "file"))
    told += _contents(finding)
    if finding.first_seen and finding.first_seen != finding.last_seen:
        told.append(f"since {whole_seconds(finding.first_seen)}")
    return [*told, *also_missed(finding), *accepted_of(finding)]


def accepted_of(finding: FileFinding) -> list[str]:
    """Say who has accepted a finding, and holds it so, or has withdrawn that."""
    said = finding.accepted
    return [accepted(said)] if said and (said.withdrawn or is_settled(finding)) else []


def accepted(said: Accepted) -> str:
    """Say who has accepted something, when and why, and who withdrew it."""
    why = f": {printable(said.why)}" if said.why else ""
    told = f"accepted {whole_seconds(said.at)} by {printable(said.by)}{why}"
    if not said.withdrawn:
        return told
    return f"{told}; withdrawn {whole_seconds(said.withdrawn)} by {printable(said.withdrawn_by)}"


def only_counted(one: StorageVerified) -> list[str]:
    """Say how many changes there are that nobody has to see to."""
    return [_QUIET.get(what, what).format(f"{n:,}") for what, n in one.quiet.items()]


def found(numbers: Mapping[str, int]) -> str:
    """Count findings by class, the worst first: `2 damaged, 1 missing`."""
    return ", ".join(f"{numbers[what]:,} {spoken(what)}" for what in MEANINGS if numbers.get(what))


def all_found(storages: Iterable[StorageVerified]) -> dict[str, int]:
    """Return how many findings of each class there are."""
    total: Counter[str] = Counter()
    for one in storages:
        total.update(one.found)
    return dict(total)


def total(verified: Verified) -> str:
    """Say what matters most, in one line."""
    verdict = verified.verdict
    if not verified.compared:
        last = "nothing was compared"
        if verdict != results.DIFFERS:
            last += f" of {count(verified.of, _noun(verified))}" if verified.of else ""
            last += ", and nothing is known"
    else:
        last = f"{verified.compared:,} of {count(verified.of, _noun(verified))} compared"
        if verified.not_verified:
            last += f", {verified.not_verified:,} not verified"
    partly = left_out.in_all([one.storage for one in verified.storages if not_known(one)])
    if passed := len(verified.passed_over):
        partly += f"; with {verified.was.id}, as {count(passed, 'newer snapshot')} "
        partly += f"{'is' if passed == 1 else 'are'} incomplete"
    if verified.how == results.LIVE:
        partly += "; no byte was read: --deep does that"
    numbers = "; ".join(filter(None, (_found_now(verified), _lasting(verified))))
    if verdict == results.DIFFERS:
        return f"FINDINGS: {numbers}; {last}{partly}."
    lost = [one.forgotten for one in verified.storages]
    if any(lost) or any(one.problem for one in verified.elsewhere):
        numbers = ", ".join(filter(None, (numbers, "not all can be read that was known earlier")))
    numbers = "; ".join(filter(None, (numbers, _incomplete(verified))))
    if verdict == results.UNKNOWN:
        return f"NOT VERIFIED: {'; '.join(filter(None, (last, numbers)))}{partly}."
    return f"Verified: {last}{_agreeing(verified)}{partly}."


def _noun(verified: Verified) -> str:
    return "record" if verified.how == results.LIVE else "file"


def _found_now(verified: Verified) -> str:
    """Count what was found: in files, where nothing else is said."""
    numbers = all_found(verified.storages)
    whole = {values.NOT_REACHABLE: numbers.pop(values.NOT_REACHABLE, 0), values.NOT_VERIFIED: 0}
    for one in verified.storages:
        parts = one.found.get(values.NOT_VERIFIED, 0)
        if one.of is None:
            whole[values.NOT_VERIFIED] += parts
        if one.of is None or one.not_verified:  # else nothing counts the files of these parts
            numbers[values.NOT_VERIFIED] = numbers.get(values.NOT_VERIFIED, 0) - parts
    told = [
        f"{count(number, 'storage')} {spoken(what)}" for what, number in whole.items() if number
    ]
    return ", ".join(filter(None, (found(numbers), *told)))


def _lasting(verified: Verified) -> str:
    """Count what earlier runs found, and of which this one does not say that it is over."""
    total: Counter[str] = Counter()
    for lasts in [one.lasts for one in verified.storages] + [e.lasts for e in verified.elsewhere]:
        total.update(lasts)
    return f"{found(total)} found earlier, {LASTS}" if total else ""


def _incomplete(verified: Verified) -> str:
    """Say of which storages more may be there than was compared, where nothing else says so."""
    names = [
        one.storage
        for one in verified.storages
        if one.incomplete and not one.found and not one.is_partial
    ]
    return f"not all was listed and read of {listed(names)}" if names else ""


def _agreeing(verified: Verified) -> str:
    """Say that all agree, but for what nobody expects to."""
    unsettled = sum(one.quiet.get("unsettled", 0) for one in verified.storages)
    accepted = sum(one.accepted_count for one in verified.storages)
    but = [f"{unsettled:,} that had not settled"] if unsettled else []
    but += [f"{accepted:,} that {'was' if accepted == 1 else 'were'} accepted"] if accepted else []
    restored = sum(one.restored for one in verified.storages)
    but += [f"{restored:,} with earlier bytes than the snapshot has"] if restored else []
    told = f", and all agree{' but ' if but else ''}{' and '.join(but)}"
    if any(one.went_on for one in verified.storages):
        told += "; not all was read by this run, but some by an earlier one that was ended"
    return told


def _side(side: Side) -> str:
    incomplete = "" if side.complete else ", which is incomplete"
    return f"snapshot {side.id} of {whole_seconds(side.created_at)}{incomplete}"


def _taken(taken: Taken) -> str:
    told = [f"{'scanned' if taken.scan else 'read'} {whole_seconds(taken.at)}"]
    if taken.listed_at:
        told.append(f"by a list of {taken.listed_at}")
    proofs = taken.proofs
    if proofs.read:
        told.append(f"{proofs.read:,} read in that scan")
    if proofs.kept:
        told.append(f"{proofs.kept:,} kept from earlier scans")
    if proofs.attested:
        told.append(f"{proofs.attested:,} not read, by reports of the cloud")
    if proofs.stored:
        told.append(f"{proofs.stored:,} only as sums that the storage keeps")
    if proofs.oldest:
        told.append(f"oldest proof {whole_seconds(proofs.oldest)}")
    return ", ".join(told)


def _contents(finding: FileFinding) -> list[str]:
    was, now = finding.was, finding.now
    if finding.what in (values.DAMAGED, values.CHANGED) and was and now and was.kind == now.kind:
        facts = ((of(was), of(now)) for of in (size, sha, modified))
        return [f"{one} → {_value(other)}" for one, other in facts if one != other]
    if finding.what in (values.MISSING, values.DELETED) and was:
        return [text for text in (size(was), sha(was), modified(was)) if text]
    if finding.what == values.EXTRA and now:
        return [text for text in (size(now), modified(now)) if text]
    return []


def _value(fact: str) -> str:
    """Return a fact without the word that says what it is."""
    return fact.removeprefix("SHA-256 ").removeprefix("modified ") or "unknown"


def _in_bytes(path: bytes) -> str:
    """Return a path so that two forms of one name do not look alike."""
    each = (bytes((byte,)) for byte in path)
    return "".join(f"\\x{one[0]:02x}" if one[0] > 0x7E else shown(one) for one in each)
