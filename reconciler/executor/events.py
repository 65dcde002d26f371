"""What happens to operations while a plan is applied, as values that others may tell or keep.

The executor makes them; the progress display, the event stream and the journal are fed by them.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class _OfOperation(Struct, frozen=True):
    key: str
    action: str
    name: str


class Started(_OfOperation, frozen=True, tag_field="event", tag="operation_started"):
    """The first step of an operation is about to be carried out."""


class Retried(_OfOperation, frozen=True, tag_field="event", tag="operation_retried"):
    """A call could not be made, or its outcome was not known; it is tried or read again."""

    #: How many attempts at this step have failed by now.
    attempt: int
    #: Seconds until the next one.
    wait: float
    error: str


class Done(_OfOperation, frozen=True, tag_field="event", tag="operation_done"):
    """Live is what the operation wants; `writes` is 0 if it was so already."""

    id: str | None
    writes: int


class Failed(_OfOperation, frozen=True, tag_field="event", tag="operation_failed"):
    """The operation ended otherwise: failed, half_done, unknown or not_started."""

    status: str
    error: str
    #: Live is not what the plan relied on.
    stale: bool


OperationEvent = Started | Retried | Done | Failed
#: Told in the thread that called `execute`, in order; exactly one end for each operation.
Observer = Callable[[OperationEvent], None]
