"""What a watch tells of storages, differences and runs, of a real embedded platform."""

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.cli.applying.events import EventStream
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.cli.watching.deeds import Deeds
from reconciler.cli.watching.surveying import Surveyor
from reconciler.environment.timestamps import utc_now
from reconciler.report.watching.document import document
from reconciler.schemas import schema_text
from reconciler.watching.conditions import Condition
from reconciler.watching.deeds import Clock, ScanEnded
from reconciler.watching.files import Known, Recalled
from reconciler.watching.loop import Watch
from reconciler.watching.memory import NOTHING
from reconciler.watching.schedule import Terms
from support.values.watched import eventful, proof

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: NAS, type: local, default_url: /data/nas}
  - {name: minio, label: MinIO, type: S3, default_url: "https://minio.example.org/x"}
  - {name: old, label: Old, type: local, default_url: /data/old}
"""
OLD = "  - {name: old, label: Old, type: local, default_url: /data/old}\n"
JOURNAL = Path(".reconciler/journal")


class Silent:
    def news(self, news):
        """Tell nobody."""

    def looked(self, looked):
        """Tell nobody."""


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """Give a watch that applies, and a way to write its manifest."""
    monkeypatch.chdir(tmp_path)
    options = WatchOptions(
        interval=300.0,
        pull=False,
        require_signed=False,
        apply=True,
        scan=None,
        lock_timeout=0.1,
        once=False,
    )
    context = Context.of(Settings(verbosity=-1), Streams(), {})
    deeds = Deeds(
        *(context, options, EventStream(None, "x", print), lambda *_: None, print, print),
        Surveyor(JOURNAL),
    )
    clock = Clock(lambda: 0.0, utc_now, lambda: 1.0)
    write(MANIFEST)
    return Watch(Terms(300.0, applies=True), deeds, Silent(), clock, NOTHING, lambda _: None)


def write(text):
    Path("storages.yaml").write_text(text, encoding="utf-8")


def look(watch, *, applies=True):
    """Look, and apply what there is to do, or leave it."""
    watch.poke()
    if watch.step().what == "look" and applies:
        watch.step()
    return watch.status


def standings(status):
    return {one.name: one.standing for one in status.storages}


def test_what_there_is_is_told_from_the_first_look_on(watched):
    assert (watched.status.storages, watched.status.runs) == (None, None)
    status = look(watched, applies=False)
    assert standings(status) == {"minio": "missing", "nas": "missing", "old": "missing"}
    assert {one.kind for one in status.differences} == {"missing"}
    assert status.runs == ()
    assert [point.drifted for point in status.course] == [3]


def test_after_an_apply_it_is_told_without_another_look(watched):
    look(watched)
    write(
        MANIFEST.replace(
            "name: nas, label: NAS", "name: nas2, renamed_from: [nas], label: Other"
        ).replace("  - {name: old, label: Old, type: local, default_url: /data/old}\n", "")
        + "removed: [{name: old}]\n"
    )
    watched.poke()
    watched.step()
    found = {one.name: one for one in watched.status.differences}
    assert found["old"].kind == "not_removed"
    assert [(s.field, s.live, s.declared) for s in found["nas2"].sides] == [
        ("name", "nas", "nas2"),
        ("label", "NAS", "Other"),
    ]
    assert found["nas2"].was == "nas"
    watched.step()
    after = watched.status
    assert after.differences == ()
    assert standings(after) == {"minio": "declared", "nas2": "declared"}
    again = look(watched)
    assert [one.label for one in after.storages] == [one.label for one in again.storages]
    assert standings(again) == standings(after)
    (newest, first) = again.runs
    assert [(one.name, one.status, one.label) for one in newest.removals] == [
        ("old", "done", "Old")
    ]
    assert (newest.removed, first.removed, newest.exit) == (1, 0, 0)
    assert [point.drifted for point in again.course] == [3, 0, 2, 0, 0]


def test_a_look_that_fails_leaves_what_was_known_and_a_gap(watched):
    before = look(watched).storages
    write("version: 2\n")
    status = look(watched, applies=False)
    assert status.storages == before
    assert status.course[-1].drifted is None


def test_secrets_of_addresses_are_masked(watched):
    write(MANIFEST.replace("https://minio.example.org/x", "https://minio.example.org/x?token=hush"))
    status = look(watched, applies=False)
    assert status.course[-1].drifted is None  # such an address is refused
    write(MANIFEST.replace("label: MinIO", 'label: "see https://ada:hush@minio"'))
    told = document(look(watched)).decode()
    assert "***@minio" in told
    write(MANIFEST.replace("platform: sqlite:///platform.db\n", ""))
    watched._deeds._context.environ["RECONCILER_PLATFORM"] = "sqlite:///platform.db?token=hush"
    watched._told.remember(platform_id="")  # none is made where another one is known
    status = look(watched, applies=False)
    assert status.platform.endswith("platform.db?token=***")
    told += document(status).decode()
    assert "hush" not in told


def test_what_a_scan_knows_belongs_to_its_place(watched):
    look(watched)
    place = watched.status.storages[1].place
    watched.recalled(Recalled(Known(proofs=(proof(place, proved=300),))))
    assert watched.status.course[-1].proved == 300
    watched.scanned(ScanEnded(0, worked=True, known=Known(proofs=(proof(place, proved=600),))))
    status = watched.status
    assert [one.proof and one.proof.proved for one in status.storages] == [None, 600, None]
    assert (status.course[-1].files, status.course[-1].proved) == (1_200, 600)
    after = look(watched)
    assert after.storages[1].proof == status.storages[1].proof
    problem = Condition("not_scanned", "", "", "no route")
    watched.scanned(ScanEnded(1, worked=False, problem=problem))
    assert watched.status.storages[1].proof == status.storages[1].proof


def test_undeclared_storages_that_may_be_there_are_left_alone(watched):
    look(watched)
    write(MANIFEST.replace(OLD, "") + "policy: {undeclared: ignore}\n")
    status = look(watched)
    assert standings(status) == {"minio": "declared", "nas": "declared", "old": "left_alone"}
    assert status.differences == ()
    write(MANIFEST.replace(OLD, "") + "policy: {scope: [nas, minio]}\n")
    assert standings(look(watched)) == {"minio": "declared", "nas": "declared"}


def test_journals_are_read_again_only_if_they_have_changed(watched, monkeypatch):
    look(watched)
    surveyor = Surveyor(JOURNAL)
    assert len(surveyor.runs()) == 1
    with monkeypatch.context() as patched:
        patched.setattr("reconciler.cli.watching.surveying.of_file", None)
        assert len(surveyor.runs()) == 1
    (journal,) = JOURNAL.glob("*.jsonl")
    journal.write_text(journal.read_text() + "{")
    assert surveyor.runs()[0].damage == "its last line is half written"
    journal.unlink()
    assert surveyor.runs() == ()
    JOURNAL.rmdir()
    JOURNAL.write_text("no folder")
    assert surveyor.runs() is None


def test_all_of_it_is_as_the_schema_says():
    told = json.loads(document(eventful()))
    jsonschema.validate(told, json.loads(schema_text("status")))
    assert "place" not in json.dumps(told)
    assert told["storages"][1]["proof"]["files"] == 1_200
