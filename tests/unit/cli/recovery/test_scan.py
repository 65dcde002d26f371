"""Exit codes of scans."""

import pytest

from reconciler.cli.recovery.scan import code_of
from reconciler.recovery.scanning.outcome import (
    COMPLETE,
    INCOMPLETE,
    NOT_BEGUN,
    NOT_REACHABLE,
    UNFINISHED,
    Scanned,
)


@pytest.mark.parametrize(
    ("statuses", "code", "interrupted"),
    [
        ([], 8, 8),
        ([COMPLETE, COMPLETE], 0, 0),  # the signal came when all was done
        ([COMPLETE, INCOMPLETE], 8, 8),
        ([NOT_REACHABLE], 8, 8),
        ([COMPLETE, UNFINISHED], 8, 130),
        ([COMPLETE, NOT_BEGUN], 8, 130),
    ],
)
def test_exit_code_and_words_agree(statuses, code, interrupted):
    results = [Scanned("nas", status) for status in statuses]
    assert code_of(results) == code
    assert code_of(results, interrupted=True) == interrupted


def test_whoever_keeps_something_that_follows_from_being_done_is_told_so():
    assert code_of([Scanned("nas", COMPLETE)], interrupted=True, follows=True) == 130
    assert code_of([Scanned("nas", COMPLETE)], follows=True) == 0
