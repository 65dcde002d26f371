"""What is particular to the embedded platform; what all platforms do is in tests/contract."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler import storages
from reconciler.client import Client
from reconciler.errors import ConflictError, PlatformBusyError, PlatformError, UnavailableError
from reconciler.model import Values
from reconciler.platforms.sqlite import file as sqlite_file
from reconciler.platforms.sqlite.platform import SqlitePlatform
from reconciler.platforms.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION
from reconciler.platforms.sqlite.writer import SqliteWriter

NAS = Values("nas", "NAS", "local", "file:///data/nas")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform.db"


@pytest.fixture
def writer(path: Path) -> Iterator[SqliteWriter]:
    opened = SqlitePlatform(path).writer(wait=5)
    yield opened
    opened.close()


def made(path: Path, *names: str) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        for name in names:
            writer.create(replace(NAS, name=name))


def names(path: Path) -> list[str]:
    with closing(SqlitePlatform(path).reader()) as reader:
        return sorted(storage.name for storage in reader.read().storages)


def raw(path: Path) -> sqlite3.Connection:
    """Open the file as some other program would."""
    return sqlite3.connect(path, isolation_level=None)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# A file that is not there yet


def test_a_file_that_does_not_exist_is_a_new_empty_platform(path: Path) -> None:
    with closing(SqlitePlatform(path).reader()) as reader:
        state = reader.read()
        assert (state.storages, state.platform_id, state.complete) == ((), "new", True)
        assert reader.identity() == "new"
        assert reader.find(name="nas") == ()
        assert list(reader.inventory("x")) == []
    assert list(path.parent.iterdir()) == []


def test_only_a_writer_makes_it_and_leaves_one_file(path: Path) -> None:
    made(path, "nas")
    assert list(path.parent.iterdir()) == [path]
    assert names(path) == ["nas"]


@pytest.mark.parametrize("use", ["reader", "writer"])
def test_a_missing_folder_is_an_error(tmp_path: Path, use: str) -> None:
    platform = SqlitePlatform(tmp_path / "missing/platform.db")
    with pytest.raises(PlatformError, match=r"there is no folder .*missing'"):
        platform.reader() if use == "reader" else platform.writer(wait=0)
    assert list(tmp_path.iterdir()) == []


def test_the_file_gets_the_permissions_of_any_new_file(path: Path) -> None:
    before = os.umask(0o027)
    try:
        made(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_two_new_platforms_have_different_ids(tmp_path: Path) -> None:
    ids = set()
    for name in ("a.db", "b.db"):
        made(tmp_path / name)
        with closing(SqlitePlatform(tmp_path / name).reader()) as reader:
            ids.add(reader.identity())
    assert len(ids) == 2
    assert {len(id) for id in ids} == {32}


def test_who_comes_second_takes_the_platform_of_the_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = sqlite_file._build

    def slow(draft: Path) -> None:
        monkeypatch.undo()
        build(draft)
        made(path, "theirs")

    monkeypatch.setattr(sqlite_file, "_build", slow)
    made(path, "ours")
    assert names(path) == ["ours", "theirs"]
    assert list(path.parent.iterdir()) == [path]


def no_link(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_file_system_without_hard_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_link)
    made(path, "nas")
    assert names(path) == ["nas"]
    sqlite_file.create(path)  # as one who comes second
    assert names(path) == ["nas"]
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_while_it_is_made_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(draft: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sqlite_file, "_build", full)
    with pytest.raises(PlatformError, match="No space left"):
        made(path)
    assert list(path.parent.iterdir()) == []


def test_the_remains_of_another_database_are_not_mixed_in(path: Path) -> None:
    rest = path.with_name("platform.db-wal")
    rest.write_bytes(b"x")
    for use in (SqlitePlatform(path).reader, lambda: SqlitePlatform(path).writer(wait=0)):
        with pytest.raises(PlatformError, match=r"platform\.db-wal"):
            use()
    assert list(path.parent.iterdir()) == [rest]


def test_a_file_that_somebody_makes_while_we_look_is_not_taken_for_remains(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as theirs:
        is_dir = Path.is_dir

        def quicker(folder: Path) -> bool:
            # Asked once it is known that there is no file; from here on there is one, and its log.
            monkeypatch.undo()
            other = theirs.enter_context(closing(SqlitePlatform(path).writer(wait=5)))
            other.create(NAS)
            assert path.with_name("platform.db-wal").stat().st_size
            return is_dir(folder)

        monkeypatch.setattr(Path, "is_dir", quicker)
        assert names(path) == ["nas"]


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.db"
    link.symlink_to("real/platform.db")
    made(link, "nas")
    assert names(link) == names(tmp_path / "real/platform.db") == ["nas"]
    assert link.is_symlink()


@pytest.mark.parametrize(
    "name", ["a?mode=memory#%41 b.db", "ü🧊\n.db", "file:x.db", ":memory:", "'\";--.db", "a\\b.db"]
)
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    made(tmp_path / name, "nas")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert names(tmp_path / name) == ["nas"]


# A file that is something else


def other_database(path: Path) -> None:
    with closing(raw(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE storages (name TEXT)")


def newer(path: Path) -> None:
    made(path)
    with closing(raw(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def truncated(path: Path) -> None:
    made(path)
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "it is empty, not a platform"),
        (lambda path: path.write_text("storages: []\n" * 100), "some other file"),
        (lambda path: path.write_bytes(b"\0" * 4096), "some other file"),
        (other_database, "some other file"),
        (truncated, "some other file"),
        (newer, "made by a newer version of reconciler .format 3, this one knows 2."),
        (lambda path: path.mkdir(), "not a file"),
        (os.mkfifo, "not a file"),
        (lambda path: path.symlink_to(path), "can't be read"),
    ],
    ids=["empty", "text", "zeros", "other database", "cut", "newer", "folder", "pipe", "loop"],
)
def test_what_is_no_platform_is_refused_and_left_alone(path: Path, make, words: str) -> None:
    make(path)
    before = content(path.parent) if path.is_file() else None
    for use in (SqlitePlatform(path).reader, lambda: SqlitePlatform(path).writer(wait=0)):
        with pytest.raises(PlatformError, match=words) as caught:
            use()
        assert str(path) in str(caught.value)
        assert caught.value.exit_code == 1
    if before is not None:
        assert content(path.parent) == before


def test_the_mark_is_the_one_that_sqlite_knows(path: Path) -> None:
    made(path)
    with closing(raw(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_damaged_file_is_an_error_for_every_question(path: Path) -> None:
    made(path, *(f"n{i}" for i in range(500)))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with closing(SqlitePlatform(path).reader()) as reader:
        for ask in (reader.read, reader.identity, lambda: reader.find(name="n1")):
            with pytest.raises(PlatformError, match="restore it from a backup"):
                ask()


def test_a_file_that_is_damaged_at_its_head_can_not_be_opened(path: Path) -> None:
    made(path)
    data = bytearray(path.read_bytes())
    data[16:18] = b"\0\0"  # the size of pages
    path.write_bytes(data)
    with pytest.raises(PlatformError, match="damaged"):
        SqlitePlatform(path).writer(wait=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE storages SET name = CAST(X'ff' AS TEXT)", "decode"),
        ("UPDATE storages SET label = X'ff'", "not text"),
        ("UPDATE inventory SET checksum = X'ff'", "not text"),
        ("UPDATE inventory SET checksum = CAST(X'ff' AS TEXT)", "decode"),
        ("DELETE FROM platform", "its own id is missing"),
        ("DROP TABLE storages", "no such table"),
    ],
)
def test_what_another_program_wrote_does_not_crash_us(path: Path, change: str, words: str) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        writer.record_inventory(writer.create(NAS).id, [("u1", "a", "b")])
    with closing(raw(path)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(change)
    with (
        closing(SqlitePlatform(path).reader()) as reader,
        pytest.raises(PlatformError, match=words),
    ):
        assert [list(reader.inventory(storage.id)) for storage in reader.read().storages]


# Constraints live in the file


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO storages VALUES ('2', 'nas', '', 'local', 'u', '')",
        "INSERT INTO storages VALUES ('1', 'other', '', 'local', 'u', '')",
        "INSERT INTO storages VALUES ('2', '', '', 'local', 'u', '')",
        "INSERT INTO storages VALUES ('', 'other', '', 'local', 'u', '')",
        "INSERT INTO storages VALUES ('2', 'other', '', 'tape', 'u', '')",
        "INSERT INTO storages VALUES ('2', 'other', '', 'local', '', '')",
        "INSERT INTO storages VALUES ('2', 'other', NULL, 'local', 'u', '')",
        "INSERT INTO storages VALUES ('2', X'00', '', 'local', 'u', '')",
        "INSERT INTO inventory VALUES ('9', 'u1', 'a', 'b')",
        "INSERT INTO inventory VALUES ('1', 'u1', 'a', NULL)",
        "INSERT INTO inventory VALUES ('1', 'u0', 'a', 'b')",
        "INSERT INTO platform VALUES (2, 'x')",
        "DELETE FROM storages",
        "UPDATE storages SET id = '3'",
    ],
)
def test_no_program_gets_round_the_constraints(path: Path, statement: str) -> None:
    made(path)
    with closing(raw(path)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("INSERT INTO storages VALUES ('1', 'nas', '', 'local', 'u', '')")
        db.execute("INSERT INTO inventory VALUES ('1', 'u0', 'a', 'b')")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)


def test_writes_are_as_durable_as_they_can_be(writer: SqliteWriter) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = [writer._db.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
    assert found == ["wal", 2, 1]


# Reading writes nothing


def test_reading_leaves_the_folder_as_it_was(path: Path) -> None:
    made(path, "nas")
    before = content(path.parent)
    with closing(SqlitePlatform(path).reader()) as reader:
        (storage,) = reader.read().storages
        assert list(reader.inventory(storage.id)) == []
        assert content(path.parent) == before
    assert content(path.parent) == before


def test_while_a_writer_is_there_its_log_is_read_too(path: Path, writer: SqliteWriter) -> None:
    writer.create(NAS)
    assert path.with_name("platform.db-wal").stat().st_size
    assert names(path) == ["nas"]


@pytest.mark.parametrize("answer", ["torn", "old"])
def test_a_writer_that_comes_between_makes_the_reader_ask_again(path: Path, answer: str) -> None:
    made(path, "old")
    with closing(SqlitePlatform(path).reader()) as reader:
        asked = []

        def question(db: sqlite3.Connection) -> list[tuple[str]]:
            asked.append(db)
            if len(asked) == 1:
                made(path, "new")
                if answer == "torn":
                    raise sqlite3.DatabaseError
                return [("old",)]
            return db.execute("SELECT name FROM storages ORDER BY name").fetchall()

        assert reader._ask(question) == [("new",), ("old",)]
        assert len(asked) == 2


@pytest.mark.parametrize("taken", [0, 1, 1000, 1500, 2500])
def test_an_inventory_is_read_on_although_others_write(path: Path, taken: int) -> None:
    files = [(f"u{i:04}", "a", "b") for i in range(2_500)]
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        storage = writer.create(NAS)
        writer.record_inventory(storage.id, files)
    with closing(SqlitePlatform(path).reader()) as reader:
        rows = reader.inventory(storage.id)
        told = [next(rows) for _ in range(taken)]
        made(path, "another")
        told += list(rows)
    assert told == files


@pytest.mark.parametrize("changed", ["u0000", "u0999", "u1500"])
def test_an_inventory_that_changes_while_it_is_read_is_of_one_moment_or_an_error(
    path: Path, changed: str
) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        storage = writer.create(NAS)
        writer.record_inventory(storage.id, [(f"u{i:04}", "a", "b") for i in range(2_500)])
    with closing(SqlitePlatform(path).reader()) as reader:
        rows = reader.inventory(storage.id)
        next(rows)
        with closing(SqlitePlatform(path).writer(wait=5)) as writer:
            writer.record_inventory(storage.id, [(changed, "new", "new")])
        if changed < "u1000":
            with pytest.raises(UnavailableError, match="changed while they were read"):
                list(rows)
        else:  # nothing that was told already
            assert (changed, "new", "new") in list(rows)
        again = list(reader.inventory(storage.id))
    assert len(again) == 2_500
    assert (changed, "new", "new") in again


@pytest.mark.parametrize("closed", ["file", "folder", None])
def test_file_and_folder_must_be_writable(
    path: Path, monkeypatch: pytest.MonkeyPatch, closed: str | None
) -> None:
    made(path)
    place = {"file": path, "folder": path.parent}.get(str(closed))
    monkeypatch.setattr(os, "access", lambda asked, _: asked != place)  # root may do anything
    with closing(SqlitePlatform(path).reader()) as reader:
        assert reader.about().may_write == (closed is None)


def test_a_script_may_write_while_it_reads_an_inventory(path: Path) -> None:
    with closing(SqlitePlatform(path).writer(wait=5)) as writer:
        storage = writer.create(NAS)
        writer.record_inventory(storage.id, [(f"u{i:04}", "a", "b") for i in range(2_500)])
    with Client(f"sqlite:///{path}") as client:
        nas = storages.get_storage("nas", client=client)
        for count, _ in enumerate(nas.checksums(), 1):
            if count % 500 == 0:
                nas.label = f"{count} files"
        assert storages.get_storage("nas", client=client).label == "2500 files"


def test_a_reader_can_not_write_even_through_sqlite(path: Path, writer: SqliteWriter) -> None:
    writer.create(NAS)  # so that a log exists, and the reader is not an immutable one
    with closing(SqlitePlatform(path).reader()) as reader:
        reader.read()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._db.execute("DELETE FROM storages")


def test_a_file_that_vanishes_is_not_a_new_platform(path: Path) -> None:
    made(path, "nas")
    with closing(SqlitePlatform(path).reader()) as reader:
        path.unlink()
        with pytest.raises(PlatformError, match="No such file"):
            reader.read()


def test_a_copy_of_file_and_log_is_a_whole_platform(path: Path, writer: SqliteWriter) -> None:
    writer.create(NAS)
    copy = path.parent / "copy"
    copy.mkdir()
    for name in ("platform.db", "platform.db-wal"):
        shutil.copy(path.parent / name, copy / name)
    assert names(copy / "platform.db") == ["nas"]


def test_half_of_a_transaction_is_never_read(path: Path) -> None:
    made(path, "nas")
    copy = path.parent / "copy"
    copy.mkdir()
    with closing(raw(path)) as db:
        # What another program may do: leave WAL, and be cut off in a large transaction.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        rows = ((f"{i}", f"half {i}", "x" * 1000, "local", "u", "") for i in range(1000))
        db.executemany("INSERT INTO storages VALUES (?, ?, ?, ?, ?, ?)", rows)
        for name in ("platform.db", "platform.db-journal"):
            shutil.copy(path.parent / name, copy / name)
        db.execute("ROLLBACK")
    with (
        closing(SqlitePlatform(copy / "platform.db").reader()) as reader,
        pytest.raises(PlatformError),
    ):
        reader.read()
    with closing(SqlitePlatform(copy / "platform.db").writer(wait=5)) as writer:
        assert [storage.name for storage in writer.read().storages] == ["nas"]
    assert names(copy / "platform.db") == ["nas"]


# Writes that fail


@pytest.mark.parametrize("code", ["BUSY", "BUSY_RECOVERY", "LOCKED", "PROTOCOL"])
def test_whatever_others_are_the_cause_of_is_busy(path: Path, code: str) -> None:
    class RaceLostError(sqlite3.OperationalError):
        sqlite_errorcode = getattr(sqlite3, f"SQLITE_{code}")

    explained = sqlite_file.explanation(path, RaceLostError("locking protocol"))
    assert isinstance(explained, PlatformBusyError)
    assert not isinstance(sqlite_file.explanation(path, sqlite3.Error()), PlatformBusyError)


def test_a_writer_waits_and_then_says_that_the_platform_is_busy(
    path: Path, writer: SqliteWriter
) -> None:
    nas = writer.create(NAS)
    with closing(SqlitePlatform(path).writer(wait=0.05)) as other:
        writer._db.execute("BEGIN IMMEDIATE")
        for write in (
            lambda: other.create(replace(NAS, name="other")),
            lambda: other.update(nas, name="other", label=None),
            lambda: other.remove(nas, holds_files=False),
            lambda: other.remove(nas, holds_files=True),
            lambda: other.record_inventory(nas.id, [("u1", "a", "b")]),
        ):
            with pytest.raises(PlatformBusyError, match="another process is writing") as caught:
                write()
            assert caught.value.exit_code == 6
        assert other.read().storages == (nas,)
        writer._db.execute("COMMIT")
        other.create(replace(NAS, name="other"))


@pytest.mark.parametrize("wait", [0, 0.3])
def test_a_locked_platform_is_said_before_anything_is_tried(
    path: Path, writer: SqliteWriter, wait: float
) -> None:
    writer._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(PlatformBusyError, match="another process is writing"):
        SqlitePlatform(path).writer(wait=wait)
    writer._db.execute("COMMIT")
    SqlitePlatform(path).writer(wait=wait).close()


def test_a_very_long_wait_is_no_error(path: Path) -> None:
    with closing(SqlitePlatform(path).writer(wait=1e12)) as writer:
        assert writer.create(NAS).name == "nas"


def test_a_full_disk_is_said_and_leaves_nothing_behind(writer: SqliteWriter) -> None:
    first = writer.create(NAS)
    pages = writer._db.execute("PRAGMA page_count").fetchone()[0]
    writer._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = replace(NAS, name="big", label="x" * 100_000)
    with pytest.raises(PlatformError, match="no room left"):
        writer.create(big)
    with pytest.raises(PlatformError, match="no room left"):
        writer.update(first, name="renamed", label="x" * 100_000)
    with pytest.raises(PlatformError, match="no room left"):
        writer.record_inventory(first.id, ((f"u{i}", "a" * 1000, "b") for i in range(1000)))
    assert writer.read().storages == (first,)
    assert list(writer.inventory(first.id)) == []
    writer._db.execute("PRAGMA max_page_count = 1000000")
    assert writer.create(big).label == big.label


def test_a_file_that_can_not_be_written_is_said(writer: SqliteWriter) -> None:
    nas = writer.create(NAS)
    writer._db.execute("PRAGMA query_only = ON")
    with pytest.raises(PlatformError, match="check the permissions"):
        writer.update(nas, name="other", label=None)
    assert writer.read().storages == (nas,)


def test_a_change_that_was_undone_at_once_is_a_conflict_too(writer: SqliteWriter) -> None:
    conflict = writer._conflict(writer.create(NAS))
    assert "'nas' was changed at the same moment" in str(conflict)


def test_after_any_failure_the_next_write_works(writer: SqliteWriter) -> None:
    nas = writer.create(NAS)
    writer.record_inventory(nas.id, [("u1", "a", "b")])
    with pytest.raises(ConflictError):
        writer.remove(replace(nas, label="other"), holds_files=True)
    with pytest.raises(ConflictError):
        writer.remove(nas, holds_files=False)
    with pytest.raises(ConflictError):
        writer.record_inventory("nobody", [("u1", "a", "b")])
    assert not writer._db.in_transaction
    writer.remove(nas, holds_files=True)


def test_a_writer_may_be_used_from_another_thread(writer: SqliteWriter) -> None:
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(writer.create, NAS).result()
    assert writer.find(id=made.id) == (made,)
