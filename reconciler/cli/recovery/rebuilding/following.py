"""How records of files are followed: a bar on a terminal, lines with `-v`, otherwise nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.applying.progress import bar
from reconciler.cli.context import Context
from reconciler.report.sentences.terms import bare

#: Is told so many steps, and of which storage.
Follow = Callable[[int, str], None]


@contextmanager
def following(context: Context, what: str, total: int) -> Iterator[Follow]:
    """Tell on standard error how far something has come, while entered; yield what is told of it.

    `what` says what is done, `total` is how many steps it has.
    """
    if not total:
        yield lambda _, __: None
    elif context.style.verbose:
        yield lambda steps, storage: context.note(f"{what}: {bare(storage)}, {steps:,}")
    else:
        with bar(context, what, total) as advance:
            yield lambda steps, _: advance(steps)
