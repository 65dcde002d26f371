"""Where a manifest has its journals if nobody says so."""

from pathlib import Path

import pytest

from reconciler.environment.at_hand import journals_beside


@pytest.mark.parametrize(
    ("there", "given", "where"),
    [
        ([], [], ""),
        (["storages/a.yaml"], ["storages"], ""),
        (["cfg/m.yaml"], ["cfg/m.yaml"], "cfg"),
        (["cfg/m.yaml"], ["cfg"], "cfg"),
        (["cfg/m.yaml", ".reconciler/x"], ["cfg"], "cfg"),
        (["cfg/x"], ["cfg/m.yaml"], ""),
        (["cfg/.reconciler/x"], ["cfg/m.yaml"], "cfg"),  # away for now
        (["cfg/.reconciler/x", "cfg/m.yaml/m.yaml"], ["cfg/m.yaml"], "cfg"),  # was a file
        (["cfg/.reconciler/x", "cfg/m.YML/m.yaml"], ["cfg/m.YML/"], "cfg"),
        ([".reconciler/x", "m.yaml/m.yaml"], ["m.yaml"], ""),
        (["cfg/m.yaml/m.yaml"], ["cfg/m.yaml"], "cfg/m.yaml"),
        (["cfg/.reconciler/x", "cfg/m.yaml/.reconciler/x"], ["cfg/m.yaml"], "cfg/m.yaml"),
    ],
)
def test_journals_lie_beside_a_manifest_and_stay_there(tmp_path, monkeypatch, there, given, where):
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert Path(journals_beside(given)) == Path(where, ".reconciler/journal")
