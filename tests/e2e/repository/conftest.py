"""Scripts of the examples start commands themselves, as users do; so do the tests beside them."""

import pytest


@pytest.fixture(scope="session")
def warm():
    """Give no process that starts commands."""
    return
