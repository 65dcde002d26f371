"""What a command that judges something came to, as programs of others want to know it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from reconciler.printable import shown
from reconciler.report.findings import ERROR, Finding

#: The rule of what kept a command from finding anything out.
FAILED = "failed"
#: The file that a manifest has if nobody names another: where what stands nowhere is shown.
USUAL = "storages.yaml"
_INDEX = re.compile(r"\[\d+\]")


class Case(Struct, frozen=True):
    """One thing that was looked at, and what was found of it."""

    name: str
    findings: tuple[Finding, ...] = ()
    #: Whether it could not be looked at, or not wholly.
    unknown: bool = False


class Changes(Struct, frozen=True):
    """How many storages would be created, updated and removed."""

    create: int = 0
    update: int = 0
    remove: int = 0


class Verdict(Struct, frozen=True):
    """What a command came to. Errors are what its exit code tells of; warnings are all else."""

    command: str
    #: A word of docs/reference/outputs.md.
    status: str
    #: What matters most, in a sentence that is fit to be printed.
    headline: str
    findings: tuple[Finding, ...] = ()
    cases: tuple[Case, ...] = ()
    counts: dict[str, int] = {}
    digest: str = ""
    exit_code: int = 0
    #: None: nobody knows what would change, or nothing can.
    changes: Changes | None = None
    #: The file in which what stands nowhere is shown, by formats that want a file.
    file: str = USUAL

    @property
    def failed(self) -> bool:
        """Whether the command could not do what it is for."""
        return any(finding.rule == FAILED for finding in self.findings)

    def of_level(self, level: str) -> list[Finding]:
        """Return the findings of one level."""
        return [finding for finding in self.findings if finding.level == level]

    def everywhere(self) -> Iterator[Finding]:
        """Yield the findings, each with a file and line, as most formats want them."""
        for finding in self.findings:
            file = finding.file or self.file
            yield replace(finding, file=file, line=finding.line or 1, column=finding.column or 1)


def told(finding: Finding) -> str:
    """Return what a finding says, where its place is told beside."""
    hint = f" ({finding.hint})" if finding.hint else ""
    about = f"{finding.path}: " if finding.path else ""
    return shown(f"{about}{finding.message}{hint}")


def titled(finding: Finding) -> str:
    """Return in a few words what a finding is about."""
    rule = finding.rule.replace("_", " ").replace("-", " ")
    return shown(f"{rule}: {finding.name}" if finding.name else rule)


def described(rule: str) -> str:
    """Return a rule in words."""
    words = rule.replace("_", " ").replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}"


def fingerprints(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield by what each finding is known again in a later run, also where lines have moved.

    Each is unlike all others of the run.
    """
    seen: Counter[str] = Counter()
    for finding in findings:
        about = [finding.rule, finding.name, _INDEX.sub("[]", finding.path)]
        if not finding.name:
            about += [finding.file, finding.message]
        text = "\0".join(about)
        seen[text] += 1
        data = f"{text}\0{seen[text]}".encode("utf-8", "surrogatepass")
        yield sha256(data).hexdigest()


def case_of(name: str, findings: Iterable[Finding]) -> Case:
    """Return a case that fails if one of the findings is an error."""
    return Case(name, tuple(findings))


def is_wrong(case: Case) -> bool:
    """Return whether something is wrong with what was looked at."""
    return any(finding.level == ERROR for finding in case.findings)
