"""How all tests run: signals as at a terminal, Hypothesis never against the clock."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support.collecting import no_garbage, share_compiling
from support.commands import starting
from support.disk import wait_for_no_disk
from support.leaks import leaks, no_leaks
from support.reporting import Briefly
from support.sampling import choose, examples, is_long, left_out
from support.server.trust import trust_one

if TYPE_CHECKING:
    from support.locks.seaweed import S3Server
    from support.recovery.moto import Moto
    from support.server.postgres import Postgres

# A shell starts what it puts in the background deaf to Ctrl-C, and `nohup` deaf to SIGHUP; the
# programs that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

__all__ = ["no_leaks"]

# Programs that tests start buffer their output as those of users do; containers often set this.
os.environ.pop("PYTHONUNBUFFERED", None)
# They start from compiled modules, as those of users do: else each would compile all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# It checks addresses in every script, which no schema here asks for, and takes jsonschema ten times
# as long to import as without: 2.7 s of CPU for each process.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know `--long`, for campaigns that take too long for each commit."""
    parser.addoption("--long", action="store_true", help="play the long campaigns whole")
    parser.addoption("--cover", action="store_true", help="follow which lines the tests run")


def pytest_configure(config: pytest.Config) -> None:
    """Where all is to be played whole, start each command as users do too."""
    choose(config)
    _draw_examples()
    if config.getoption("--cover"):
        from support.covering import Covering  # noqa: PLC0415 - whole runs alone have it

        config.pluginmanager.register(Covering(config, branches=is_long(config)))
    # Not where others run the tests: they are to see what the machine has set.
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        trust_one()
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Briefly())
    starting.start_as_now()
    if is_long(config):
        starting.always_as_users_do()
    else:
        wait_for_no_disk()


def _draw_examples() -> None:
    settings.register_profile(
        "reconciler",
        deadline=None,
        max_examples=examples(25, 100),
        # Nothing is left in the checkout, which may belong to another user.
        database=None,
        # The same examples on every run in CI.
        derandomize="CI" in os.environ,
        # Both depend on how busy the machine is, or on which examples chance brings first.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    settings.load_profile("reconciler")


# Innermost, so that warnings are errors here too.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without what makes it slow."""
    with no_garbage():
        share_compiling(session)
        return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is `long` or in no sample of this commit's, and say so."""
    left = set(left_out(config, items))
    if not is_long(config):
        left.update(item for item in items if item.get_closest_marker("long"))
    if left:
        config.hook.pytest_deselected(items=[*left])
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Say whether a campaign is to be played whole, or a sample of it."""
    return is_long(pytestconfig)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Give a real S3 server; started when the first test wants it."""
    from support.locks.seaweed import serving  # noqa: PLC0415 - boto3 is slow to import

    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """Give a second S3 server; started when the first test wants it."""
    from support.recovery.moto import serving  # noqa: PLC0415 - moto is slow to import

    with serving() as server:
        yield server


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """Give that server, and set credentials for it."""
    for name, value in moto_server.environment().items():
        monkeypatch.setenv(name, value)
    return moto_server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """Give a real PostgreSQL, and take back the databases that the test has from it."""
    with postgres_server.lending():
        yield postgres_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Give a real PostgreSQL; started when the first test wants it, and never left out."""
    from support.server.postgres import Postgres, installed, packaged  # noqa: PLC0415

    server = Postgres(installed() or packaged())
    yield server
    server.stop()
    found = leaks(server.folder)
    server.close()
    assert not found, f"PostgreSQL keeps a token in {found}"


@pytest.fixture
def object_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give an address in a bucket in which nothing can be deleted or overwritten."""
    from support.recovery.object_lock import locked_bucket  # noqa: PLC0415 - moto is slow to import

    with locked_bucket(monkeypatch) as address:
        yield address
