"""Not waiting for what never answers."""

from threading import Event

import pytest

from reconciler.retry.within import within


def test_an_answer_or_what_is_raised_comes_through() -> None:
    assert within(60, lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)


def test_what_never_answers_is_left_alone() -> None:
    answers = Event()
    with pytest.raises(TimeoutError):
        within(0.01, lambda: answers.wait(60))
    answers.set()
