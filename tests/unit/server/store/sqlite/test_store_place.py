"""The SQLite file under a state server is replaced, deleted or given a second name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import PlatformError
from reconciler.server.store.opening import open_store
from reconciler.server.store.refusals import OutcomeUnknownError, StoreUnavailableError
from support.server.storing import create, everything


def restored(path: Path) -> None:
    shutil.copy(path, path.with_name("backup"))
    path.with_name("backup").replace(path)


DAMAGE = {
    "replaced": restored,
    "deleted": Path.unlink,
    "second name": lambda path: os.link(path, path.with_name("other.db")),
    "log deleted": lambda path: path.with_name("server.db-wal").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_nothing_is_answered_any_more(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    path = tmp_path / "server.db"
    with closing(open_store(f"sqlite:///{path}")) as store:
        damage(path)
        for call in (lambda: create(store), store.ready, lambda: everything(store)):
            with pytest.raises(StoreUnavailableError, match="Restart the server"):
                call()


def test_a_write_during_which_the_file_was_replaced_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.db"
    with closing(open_store(f"sqlite:///{path}")) as store:
        monkeypatch.setattr(store._database, "_check_place", lambda: restored(path))
        with pytest.raises(OutcomeUnknownError, match="replaced"):
            create(store)


def test_a_database_with_two_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    open_store(f"sqlite:///{path}").close()
    os.link(path, tmp_path / "other.db")
    with pytest.raises(PlatformError, match="it has 2 names"):
        open_store(f"sqlite:///{path}")
