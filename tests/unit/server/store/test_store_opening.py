"""Which URLs open which database, and what is said of those that open none."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import AddressError, PlatformError, UnavailableError, UsageError
from reconciler.server.store import postgresql
from reconciler.server.store.opening import open_store
from support.server.storing import create, everything

SECRET = "hunter2"


def test_a_path_is_relative_to_the_current_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(open_store("sqlite:///a%20 b?c.db")) as store:
        create(store)
    with closing(open_store(f"SQLite:///{tmp_path}/a%20 b?c.db")) as store:
        assert len(everything(store)) == 1
    assert (tmp_path / "a%20 b?c.db").exists()


def test_links_are_followed(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link.db").symlink_to(real / "server.db")
    with (
        closing(open_store(f"sqlite:///{real}/server.db")) as store,
        closing(open_store(f"sqlite:///{tmp_path}/link.db")) as other,
    ):
        create(other)
        assert len(everything(store)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "server.db",
        "sqlite:server.db",
        "sqlite://server.db",
        "sqlite:///",
        "sqlite:///folder/",
        "sqlite:///:memory:",
        "sqlite:///a\0b",
        "mysql://host/database",
        "http://localhost",
        "postgresql://",
        "postgresql://host",
        "postgresql://host/database?nonsense=1",
    ],
)
def test_other_urls_open_nothing(url: str) -> None:
    with pytest.raises(AddressError) as refused:
        open_store(url)
    assert "write " in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@host/database",
        f"mysql://me:a/{SECRET}@host/database",
        f"host=127.0.0.1 dbname=database password={SECRET}",
        f"postgres:me:{SECRET}@host/database",
        f"postgresql://me:a@{SECRET}@127.0.0.1:1/database",
        f"postgresql://me:a/{SECRET}@127.0.0.1:1/database",
        f"postgresql://me:{SECRET}@host",
        f"postgresql://me:{SECRET}#{SECRET}@host/",
        f"postgresql://me:a?{SECRET}/x@host",
        f"postgresql://host?user=a@b&password={SECRET}",
        f"postgresql://host?password=a@{SECRET}",
        f"postgresql://host/database?nonsense={SECRET}",
        f"postgresql://me:{SECRET}@host?password={SECRET}",
        f"postgresql://me:{SECRET}%zz@host/database",
        f"postgresql://me:{SECRET}@127.0.0.1:1/database",
        f"postgresql://127.0.0.1:1/database?user=me&password={SECRET}",
    ],
)
def test_no_message_tells_a_password(url: str) -> None:
    with pytest.raises((AddressError, UnavailableError)) as refused:
        open_store(url)
    assert SECRET not in str(refused.value)


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"database 'postgresql://127\.0\.0\.1:1/db': it"):
        open_store("postgresql://me@127.0.0.1:1/db")


def test_a_driver_that_is_missing_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    for name in ("copying", "database"):  # they may have been imported with it
        monkeypatch.delitem(sys.modules, f"{postgresql.__name__}.{name}", raising=False)
        monkeypatch.delattr(postgresql, name, raising=False)
    with pytest.raises(UsageError, match=r"needs the extra 'postgresql'"):
        open_store("postgresql://me@host/database")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="there is no folder"):
        open_store(f"sqlite:///{tmp_path}/nothing/server.db")
    with pytest.raises(PlatformError, match="not a file"):
        open_store(f"sqlite:///{tmp_path}")
