"""`export` says that the records of files stay behind, on every platform that keeps them."""

from contextlib import closing, contextmanager

import pytest

from reconciler.platforms import open_platform
from reconciler.server.store.opening import open_store
from support.server.serving import serving
from support.server.storing import local


@contextmanager
def address_of(kind, folder, postgres):
    if kind == "embedded":
        yield f"sqlite:///{folder.path / 'platform.db'}"
        return
    url = postgres.database() if kind == "postgresql" else f"sqlite:///{folder.path / 'server.db'}"
    with closing(open_store(url)) as store, serving(store) as server:
        yield server.url


@pytest.fixture(params=["embedded", "sqlite", "postgresql"])
def address(request, folder, postgres):
    """Give the address of a platform on which each kind of storage may hold files."""
    with address_of(request.param, folder, postgres) as given:
        yield given


def make(address, *names, holding=()):
    with closing(open_platform(address, base=None).writer(wait=5)) as writer:
        for name in names:
            made = writer.create(local(name))
            if name in holding:
                writer.record_inventory(made.id, [("a", "1", "2")])


def test_it_is_said_that_records_of_files_stay_behind(folder, address):
    make(address, "a", "b", "c", holding=["b", "c"])
    told = folder("export", "--platform", address)
    assert "Warning: 'b' holds files, and a manifest has no records of files" in told.stderr
    assert "serve --copy-from" in told.stderr
    assert "name: b" in told.stdout


def test_nothing_is_said_where_there_are_none(folder, address):
    make(address, "a", "b", holding=["b"])
    assert "files" not in folder("export", "a", "--platform", address).stderr
    folder.write("version: 1\nstorages: []\n")
    assert "files" not in folder("export", "--undeclared", "--platform", address).stderr


def test_not_every_storage_of_a_large_platform_is_asked(folder):
    address = f"sqlite:///{folder.path / 'platform.db'}"
    make(address, *(f"s{number:03}" for number in range(101)))
    told = folder("export", "--platform", address)
    assert "Warning: storages may hold files" in told.stderr
