"""Which storages a scan means by the words on its command line."""

from __future__ import annotations

import pytest

from reconciler.cli.recovery.live import storages_of
from reconciler.errors import UsageError
from reconciler.recovery.repository.opening import open_repository


@pytest.mark.parametrize("name", ["proofs", "s3://bucket/proofs"])
def test_a_repository_is_no_name_of_a_storage(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    open_repository("proofs", make=True).close()
    meant = f"a repository is named with --into, as in `reconciler scan --into '{name}'`"
    with pytest.raises(UsageError, match=meant):
        storages_of(None, None, ["nas", name])  # before anything else is looked at
