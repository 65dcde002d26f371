"""A YAML library as a stream of events."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import yaml

#: An event of PyYAML. Its classes have no common base that says which attributes there are.
Event: TypeAlias = Any
#: Gives the next event each time it is called; raises `yaml.YAMLError` where there is none.
NextEvent = Callable[[], Event]

#: Characters that may stand nowhere in a YAML document, not even in quotes.
FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_SURROGATE = "[\ud800-\udfff]"


def open_events(data: bytes, *, pure: bool = False) -> NextEvent:
    """Open a document as events, by libyaml where PyYAML was built with it.

    `pure` asks for the parser written in Python, which gives the same events, slowly.
    """
    if pure or not yaml.__with_libyaml__:
        return _pure_events(data)
    next_event: NextEvent = yaml.cyaml.CParser(data).get_event  # type: ignore[attr-defined]
    return next_event


def _pure_events(data: bytes) -> NextEvent:
    text = data.decode()
    if re.search(FORBIDDEN, text):
        raise yaml.YAMLError
    loader: Any = yaml.SafeLoader(text)
    problem = "found invalid Unicode character escape code"

    def next_event() -> Event:
        try:
            event: Event = loader.get_event()
        except ValueError:  # an escape beyond the last character of Unicode
            mark = loader.get_mark()
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from None
        if re.search(_SURROGATE, getattr(event, "value", "")):
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return event

    return next_event


def skip(event: Event, next_event: NextEvent, deepest: float = math.inf) -> bool:
    """Read past the node that begins with `event`; say whether it has at most `deepest` levels."""
    depth = 0
    while depth <= deepest:
        kind = event.__class__.__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth == 0:
            return True
        event = next_event()
    return False


def before_its_limit(error: Exception, data: bytes) -> bytes | None:
    """Return the part of `data` that libyaml read before it met its own limit of nesting.

    From 0.2.6 on it has one, a thousand levels, and meets it while it looks ahead: before the
    events of the levels above it are given. None if the error is another.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None or "nesting depth" not in (getattr(error, "problem", None) or ""):
        return None
    return data.decode()[: mark.index].encode()
