"""The tables are made and brought up to date once, and what is somebody else's is left alone."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from reconciler.errors import PlatformError
from reconciler.platforms import open_platform
from reconciler.server.store.migrations import Migration, migrations
from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql import preparing as postgresql
from reconciler.server.store.sqlite import preparing as sqlite
from support.server.postgres import Postgres
from support.server.storing import create, names

NEXT = """
CREATE TABLE extra (id text);  -- comments are no statements
INSERT INTO extra VALUES ('made')
"""


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def prepare(url: str, steps: tuple[Migration, ...]) -> None:
    if url.startswith("sqlite"):
        sqlite.prepare(path_of(url), steps)
    else:
        postgresql.prepare(url, "test", steps)


def ask(url: str, question: str) -> list[tuple]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url))) as db:
            return db.execute(question).fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def steps_of(url: str) -> tuple[Migration, ...]:
    return migrations("sqlite" if url.startswith("sqlite") else "postgresql")


def test_both_databases_have_the_same_steps_without_a_gap() -> None:
    numbers = [step.number for step in migrations("sqlite")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers == [step.number for step in migrations("postgresql")]


def test_servers_that_start_at_once_make_one_platform(url: str) -> None:
    start = Barrier(6)

    def run(number: int) -> str:
        start.wait()
        with closing(open_store(url)) as store:
            create(store, f"s{number}")
            return store.platform_id()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(run, range(6)))) == 1
    with closing(open_store(url)) as store:
        assert names(store) == {f"s{number}" for number in range(6)}


def test_opening_again_changes_nothing(url: str) -> None:
    with closing(open_store(url)) as store:
        row, id = create(store), store.platform_id()
    with closing(open_store(url)) as store:
        assert store.platform_id() == id
        assert store.get(row.storage.id) == row


def test_an_older_database_is_brought_up_to_date_once(url: str) -> None:
    with closing(open_store(url)) as store:
        row = create(store)
    steps = (*steps_of(url), Migration(len(steps_of(url)) + 1, NEXT))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prepare(url, steps), range(4)))
    assert ask(url, "SELECT id FROM extra") == [("made",)]
    assert ask(url, "SELECT id FROM storages") == [(row.storage.id,)]


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    open_store(url).close()
    number = len(steps_of(url)) + 1
    broken = (*steps_of(url), Migration(number, NEXT + ";\nINSERT INTO nothing VALUES (1);"))
    with pytest.raises(PlatformError, match="nothing"):
        prepare(url, broken)
    prepare(url, (*steps_of(url), Migration(number, NEXT)))
    assert ask(url, "SELECT id FROM extra") == [("made",)]


def test_a_newer_database_is_refused(url: str) -> None:
    steps = (*steps_of(url), Migration(len(steps_of(url)) + 1, NEXT))
    prepare(url, steps)
    before = path_of(url).read_bytes() if url.startswith("sqlite") else b""
    with pytest.raises(PlatformError, match=r"newer version of reconciler .* use that version"):
        open_store(url)
    assert before == (path_of(url).read_bytes() if before else b"")


def test_a_platform_without_its_id_is_refused(url: str) -> None:
    open_store(url).close()
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url))) as db, db:
            db.execute("DELETE FROM platform")
    else:
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM platform")
    with pytest.raises(PlatformError, match="restore"):
        open_store(url)


def test_an_embedded_platform_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    open_platform(f"sqlite:///{path}", base=None).writer(wait=1).close()
    before = path.read_bytes()
    with pytest.raises(PlatformError, match="embedded platform"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["platform.db"]


def test_the_embedded_platform_refuses_a_server_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'server.db'}"
    open_store(url).close()
    with pytest.raises(PlatformError, match="database of a state server: give the server's addr"):
        open_platform(url, base=None).reader()


def test_what_was_answered_outlasts_a_power_cut(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'server.db'}").close()
    with closing(sqlite.connect(tmp_path / "server.db")) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


@pytest.mark.parametrize("content", [b"", b"some text", b"SQLite format 3\0" + bytes(84)])
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(PlatformError, match="not a state server's database"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_log_without_its_file_is_not_mixed_into_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "server.db-wal").write_bytes(b"rest")
    with pytest.raises(PlatformError, match="bring the file back"):
        open_store(f"sqlite:///{tmp_path / 'server.db'}")
    assert not (tmp_path / "server.db").exists()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'server.db'}").close()
    assert (tmp_path / "server.db").stat().st_mode & 0o077 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["server.db"]


def test_a_database_with_tables_of_others_is_refused_and_left_alone(postgres: Postgres) -> None:
    url = postgres.database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE storages (id int)")
    with pytest.raises(PlatformError, match="tables of another program"):
        open_store(url)
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert ask(url, tables) == [("storages",)]


def test_a_schema_of_its_own_is_enough(postgres: Postgres) -> None:
    url = postgres.database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE storages (id int)")
        connection.execute("CREATE SCHEMA own")
    with closing(open_store(f"{url}&options=-csearch_path%3Down")) as store:
        create(store)
    with pytest.raises(PlatformError, match="no schema"):
        open_store(f"{url}&options=-csearch_path%3Dnothing")


def test_a_database_that_holds_no_unicode_is_refused(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(PlatformError, match=r"LATIN1.*UTF8"):
        open_store(postgres.url("latin"))
