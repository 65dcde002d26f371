"""A browser for the tests of a file, which closes it: it takes a second to start."""

import pytest

from support.browser import browser


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running
