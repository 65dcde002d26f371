"""`list`, `doctor`, `lock` and `token list` in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.health.platform import OK, Check, Facts, checks
from reconciler.masking import masked
from reconciler.model import State
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences import doctor
from reconciler.report.sentences import storages as live
from reconciler.report.sentences.tokens import COLUMNS, Told, cells
from reconciler.report.style import PLAIN, Style
from reconciler.report.text import platforms as text


def storages(state: State, declared: Mapping[str, str], _style: Style = PLAIN) -> str:
    """List live storages as a table."""
    rows = live.listed(state, declared)
    head = "| name | type | location | label | status |\n|---|---|---|---|---|\n"
    table = Section("", "storage", rows, _row, table=head)
    return written(Comment(live.total(rows), sections=(table,), see="the full list"))


def examined(facts: Facts, _style: Style = PLAIN) -> str:
    """Show what `doctor` found: what is wrong first, then the rest, then the abilities."""
    judged = checks(facts)
    wrong = [check for check in judged if check.status != OK]
    fine = [check for check in judged if check.status == OK]
    able = doctor.abilities(facts.abilities) if facts.abilities else []
    head = "#### What the platform is able to do\n\n| ability | | what follows |\n|---|---|---|\n"
    sections = (
        Section("To look at", "check", wrong, _check),
        Section("In order", "check", fine, _check),
        Section("", "ability", able, row, table=head),
    )
    where = (f"Platform {code(masked(facts.address))}",)
    return written(Comment(doctor.total(judged), where, sections=sections))


def tokens(tokens: Told, _style: Style = PLAIN) -> str:
    """List the tokens of a server as a table."""
    told = ([code(cell) if cell else "" for cell in token] for token in cells(tokens))
    return "".join(f"{row(line)}\n" for line in [COLUMNS, ["---"] * len(COLUMNS), *told])


def _row(listed: live.Listed) -> str:
    storage = listed.storage
    place = [prose(storage.type), code(masked(storage.default_url))]
    return row([code(storage.name), *place, code(storage.label), listed.status])


def _check(check: Check) -> str:
    status = "" if check.status == OK else f"**{check.status}**: "
    advice = f". Next: {prose(check.advice)}" if check.advice else ""
    return f"{status}{check.topic}: {prose(check.message)}{advice}"


#: Who holds a lease is a line, in Markdown too.
lease, released = text.lease, text.released
