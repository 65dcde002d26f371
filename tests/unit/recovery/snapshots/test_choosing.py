"""Which snapshots are compared where nobody has named one."""

from __future__ import annotations

import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.snapshots import choosing, listing
from support.recovery.snapshots import NOW, platform, taken

DAY = 24 * 3600


def test_what_is_newer_and_incomplete_is_passed_over_by_name(repository, three):
    assert choosing.most_complete(repository) == (three[1], (three[2].snapshot.id,))
    assert listing.latest(repository) == three[2]
    assert choosing.before(repository, three[2]) == three[1]
    with pytest.raises(SnapshotError, match=f"older than {three[0].snapshot.id}"):
        choosing.before(repository, three[0])


def test_where_none_is_complete_the_last_one_is_the_most_complete(repository):
    two = [taken(platform("nas", complete=False), repository, at=NOW + at) for at in (0, DAY)]
    assert choosing.most_complete(repository) == (two[1], ())
    assert choosing.before(repository, two[1]) == two[0]
