"""What is said of findings that a repository has lost, and of going on without them."""

from __future__ import annotations

from reconciler.printable import shown
from reconciler.recovery.verifying.losses import Loss
from reconciler.report.sentences.terms import bare


def to_accept(loss: Loss) -> list[str]:
    """Say what is lost, and that it is then known no more."""
    return [f"{bare(loss.storage)}: {shown(problem)}." for problem in loss.problems]


def total(loss: Loss) -> str:
    """Say what came of it."""
    name = bare(loss.storage)
    if not loss.problems:
        return f"Nothing is lost of what was found wrong with {name}."
    return (
        f"Accepted: what is lost of {name} is missed no more. What was found earlier, and stands "
        "nowhere else, nobody knows any more."
    )
