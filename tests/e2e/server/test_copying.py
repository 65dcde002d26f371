"""`serve --copy-from`, run as a user runs it: from SQLite to PostgreSQL, and back."""

import signal
from contextlib import closing

import psycopg
import pytest

from reconciler.lease.contract import Holder
from reconciler.server.store.opening import open_store
from support.sampling import CAMPAIGN
from support.server.serving import serving
from support.server.storing import ANN, create, inventory, names, record

OLD = "sqlite:///old.db"
_COPYING = """SELECT 1 FROM pg_stat_activity
WHERE datname = %s AND application_name = 'reconciler copy' AND query LIKE 'COPY inventory%%'"""


@pytest.fixture
def old(folder):
    """Give the URL of a database with a storage that holds files."""
    url = f"sqlite:///{folder.path / 'old.db'}"
    with closing(open_store(url)) as store:
        record(store, create(store, "raw").storage.id, [("a", "1", "2"), ("b", "1", "2")])
    return url


def test_a_move_to_postgresql_and_back_keeps_what_a_plan_relies_on(folder, old, postgres):
    new = postgres.database()
    with closing(open_store(old)) as store:
        identity = store.platform_id()
    told = folder("serve", "--database", new, "--copy-from", OLD)
    assert told.stdout == ""
    assert "1 storage, 2 file records, 2 lines of the audit." in told.stderr
    assert f"'{folder.path / 'old.db'}' is not opened again" in told.stderr
    folder.write("version: 1\npolicy: {undeclared: ignore}\nremoved: [{name: raw}]\n")
    with closing(open_store(new)) as store, serving(store) as server:
        assert store.platform_id() == identity
        # The storage still holds files, so nobody removes it without consent.
        blocked = folder("plan", "--platform", server.url, code=3)
        assert "holds" in blocked.stdout
    back = "sqlite:///back.db"
    folder("serve", "--database", back, "--copy-from", new)
    with closing(open_store(f"sqlite:///{folder.path / 'back.db'}")) as store:
        assert store.platform_id() == identity
        assert len(inventory(store, store.listing(after="", limit=1).storages[0].id)) == 2


def test_the_original_is_not_served_again(folder, old):
    folder("serve", "--database", "sqlite:///new.db", "--copy-from", OLD)
    told = folder("serve", "--database", OLD, code=1)
    assert "it was moved" in told.stderr
    assert "it was moved" in folder("token", "list", "--database", OLD, code=1).stderr


def test_the_target_may_stand_in_the_environment(folder, old):
    folder("serve", "--copy-from", OLD, env={"RECONCILER_DATABASE": "sqlite:///new.db"})
    with closing(open_store(f"sqlite:///{folder.path / 'new.db'}")) as store:
        assert names(store) == {"raw"}


def test_one_and_the_same_database_is_refused(folder, old):
    (folder.path / "link.db").symlink_to("old.db")
    for same in (OLD, "sqlite:///link.db"):
        told = folder("serve", "--database", same, "--copy-from", OLD, code=64)
        assert "one and the same database" in told.stderr
    open_store(old).close()


def test_one_and_the_same_postgresql_database_is_refused(folder, postgres):
    url = postgres.database()
    with closing(open_store(url)) as store:
        create(store)
    told = folder("serve", "--database", f"{url}&connect_timeout=9", "--copy-from", url, code=64)
    assert "one and the same database" in told.stderr
    open_store(url).close()


def test_a_typo_makes_no_database(folder):
    told = folder("serve", "--database", "sqlite:///new.db", "--copy-from", OLD, code=64)
    assert "there is no database 'old.db': see --copy-from" in told.stderr
    assert folder.files() == []


def test_a_running_apply_is_in_the_way(folder, old):
    with closing(open_store(old)) as store:
        store.acquire(Holder("ann"), 60, ANN)
    told = folder("serve", "--database", "sqlite:///new.db", "--copy-from", OLD, code=6)
    assert "the platform is locked by 'ann'" in told.stderr


def test_a_password_on_the_command_line_is_warned_of_and_not_shown(folder):
    url = "postgresql://ann:hunter2@127.0.0.1:1/lab?connect_timeout=1"
    told = folder("serve", "--database", OLD, "--copy-from", url, code=1)
    assert "the password in --copy-from" in told.stderr
    assert "hunter2" not in told.stderr


def test_an_embedded_platform_is_no_original(folder):
    folder.write(
        "version: 1\nplatform: sqlite:///platform.db\n"
        "storages: [{name: nas, type: local, default_url: /data/nas}]\n"
    )
    folder("apply", "--auto-approve")
    told = folder(
        "serve", "--database", "sqlite:///new.db", "--copy-from", "sqlite:///platform.db", code=1
    )
    assert "it is an embedded platform" in told.stderr
    assert "new.db" not in folder.files()


@CAMPAIGN
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 130)],
)
def test_ended_half_way_it_leaves_an_empty_target_and_can_be_done_again(
    folder, postgres, number, code
):
    old, new = f"sqlite:///{folder.path / 'old.db'}", postgres.database()
    with closing(open_store(old)) as store:
        rows = ((f"{n:09}", "sha256:1", "sha256:2") for n in range(200_000))
        record(store, create(store, "raw").storage.id, rows)
    open_store(new).close()
    process = folder.start("serve", "--database", new, "--copy-from", OLD)
    try:
        name = new.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(postgres.url(), autocommit=True) as watching:
            while not watching.execute(_COPYING, [name]).fetchall():
                assert process.poll() is None, "it was over before it was seen"
        process.send_signal(number)
        assert process.wait(timeout=60) == code
    finally:
        process.kill()
        process.wait()
    with closing(open_store(new)) as store:
        assert (store.revision(), store.count()) == (0, 0)
    told = folder("serve", "--database", new, "--copy-from", OLD)
    assert "1 storage, 200,000 file records" in told.stderr


def test_on_a_terminal_a_bar_tells_how_far_it_is(folder, old):
    shown = folder.on_terminal("serve", "--database", "sqlite:///new.db", "--copy-from", OLD)
    assert "Copying" in shown
    assert "Copied 1 storage, 2 file records" in shown
