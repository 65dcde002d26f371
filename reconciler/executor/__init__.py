"""Plan + writer -> result; the only caller of writes.

`run` hands out the steps that `schedule` says are ready, to `workers` or in turn.
`attempt` carries one out: it checks what the step relies on, writes, and learns what became of it;
`circuit` says when a call may be made again, `unanswered` what may be concluded when no answer
came. `ledger` keeps how each operation stands and tells of it.
"""

from reconciler.executor.outcomes import (
    DONE,
    FAILED,
    HALF_DONE,
    NOT_STARTED,
    UNKNOWN,
    Outcome,
    Result,
)
from reconciler.executor.run import execute

__all__ = [
    "DONE",
    "FAILED",
    "HALF_DONE",
    "NOT_STARTED",
    "UNKNOWN",
    "Outcome",
    "Result",
    "execute",
]
