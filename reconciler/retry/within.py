"""Asking what may never answer, or after longer than anybody waits."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

_T = TypeVar("_T")


def within(seconds: float, question: Callable[[], _T]) -> _T:
    """Return the answer to a question, or raise what it raises; `TimeoutError` if none comes.

    Name servers, several addresses of one name and proxies each have time limits of their own,
    which add up: only whoever waits can bound all of them. The question goes on in a thread that
    keeps no program from ending.
    """
    answers: list[_T] = []
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(question())
        except BaseException as error:
            failures.append(error)

    thread = Thread(target=ask, name="asking", daemon=True)
    thread.start()
    thread.join(seconds)
    for failure in failures:
        raise failure
    for answer in answers:
        return answer
    raise TimeoutError
