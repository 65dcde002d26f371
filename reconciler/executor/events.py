"""What happens to operations while a plan is applied, as values that others may tell or keep.

The executor makes them; the progress display, the event stream and the journal are fed by them.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Started(Struct, frozen=True, tag_field="event", tag="operation_started"):
    """The first step of an operation is about to be carried out."""

    key: str
    action: str
    name: str


class Retried(Struct, frozen=True, tag_field="event", tag="operation_retried"):
    """A call could not be made, or its outcome was not known; it is tried or read again."""

    key: str
    action: str
    name: str
    #: How many attempts at this step have failed by now.
    attempt: int
    #: Seconds until the next one.
    wait: float
    error: str


class Done(Struct, frozen=True, tag_field="event", tag="operation_done"):
    """Live is what the operation wants; `writes` is 0 if it was so already."""

    key: str
    action: str
    name: str
    id: str | None
    writes: int


class Failed(Struct, frozen=True, tag_field="event", tag="operation_failed"):
    """The operation ended otherwise: failed, half_done, unknown or not_started."""

    key: str
    action: str
    name: str
    status: str
    error: str
    #: Live is not what the plan relied on.
    stale: bool


OperationEvent = Started | Retried | Done | Failed
#: Told in the thread that called `execute`, in order; exactly one end for each operation.
Observer = Callable[[OperationEvent], None]
