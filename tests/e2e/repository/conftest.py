"""What documents show is run as their readers run it. So each is started as users do."""

import pytest


@pytest.fixture(scope="session")
def warm():
    """Give no process that starts commands."""
    return
