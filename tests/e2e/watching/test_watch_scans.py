"""`watch --scan`: what is due is read beside the looks, and what is found is told once."""

import json
import os
import shlex
import signal
import sqlite3
import urllib.request
from contextlib import closing
from datetime import timedelta
from queue import Queue
from subprocess import DEVNULL, PIPE

import pytest

from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.cli.watching.scanning import Scanner
from reconciler.environment.timestamps import utc_now
from reconciler.retry.limits import TimeLimit
from reconciler.watching.files import Recalled


@pytest.fixture
def scanned(folder):
    """Give a folder with a storage that was scanned once."""
    return scanned_once(folder, "a", "b")


def scanned_once(folder, *names):
    """Have a storage with these files be applied and scanned."""
    (folder.path / "nas").mkdir()
    for name in names:
        folder.write("good " * 20_000, f"nas/{name}")
    folder.write(
        "version: 1\nplatform: sqlite:///platform.db\nproof: {every: 30d}\n"
        f"storages: [{{name: nas, type: local, default_url: {folder.path}/nas}}]\n"
    )
    folder("apply", "-y", "-q")
    folder("scan", "--into", "proofs")
    return folder


def told(done):
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def rewrite(path, text):
    """Write other bytes under the old time."""
    was = path.stat()
    path.write_text(text)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def forget_when(folder):
    """Have the next scan be due, whenever the last one was."""
    path = ".reconciler/watch/watch.json"
    state = json.loads(folder.read(path))
    folder.write(json.dumps({**state, "scan_due": 0}), path)


def test_damage_is_told_once_and_its_end_too(scanned):
    assert told(scanned("watch", "--once", "--scan", "proofs")) == []
    good = scanned.read("nas/a")
    rewrite(scanned.path / "nas/a", good.replace("good", "evil"))
    assert told(scanned("watch", "--once", "--scan", "proofs")) == []  # not due for a day
    scanned("scan", "--into", "proofs", "--full", code=7)
    forget_when(scanned)
    done = scanned("watch", "--once", "--scan", "proofs", "-o", "json", code=7)
    (line,) = map(json.loads, done.stdout.splitlines())
    assert [line[key] for key in ("event", "kind", "name", "code")] == [
        "began",
        "finding",
        "nas",
        "damaged",
    ]
    assert line["message"].startswith("'nas': 1 damaged, and not accepted; the latest was found")
    rewrite(scanned.path / "nas/a", good)
    scanned("scan", "--into", "proofs", "--full")
    forget_when(scanned)
    lines = told(scanned("watch", "--once", "--scan", "proofs"))
    assert lines == [f"no finding any more: {line['message']}"]


def test_a_proof_is_overdue_by_the_clock_though_nobody_scans(scanned):
    watch = ("watch", "--once", "--scan", "proofs")
    assert told(scanned(*watch)) == []
    path = ".reconciler/watch/watch.json"
    state = json.loads(scanned.read(path))
    (due,) = state["dues"]
    assert (due["storage"], due["at"] > utc_now().isoformat()) == ("nas", True)
    scanned.write(json.dumps({**state, "dues": [{**due, "at": "2026-01-01T00:00:00Z"}]}), path)
    (scanned.path / "proofs").rename(scanned.path / "away")
    line, unknown = told(scanned(*watch, code=8))
    assert line == "overdue: 'nas': the oldest proof is older than 30 days"
    assert unknown.startswith("not known: there is no repository at ")
    assert told(scanned(*watch, code=8)) == []
    (scanned.path / "away").rename(scanned.path / "proofs")
    lines = told(scanned(*watch))  # the repository knows that it is proved
    assert [line.partition(":")[0] for line in lines] == [
        "known again, after",
        "not overdue any more",
    ]


def test_a_storage_that_is_not_there_is_not_reachable_and_no_file_missing(scanned):
    (scanned.path / "nas").rename(scanned.path / "away")
    lines = told(scanned("watch", "--once", "--scan", "proofs", code=8))
    assert [line.partition(": ")[0] for line in lines] == ["not reachable"]
    (scanned.path / "away").rename(scanned.path / "nas")
    forget_when(scanned)
    lines = told(scanned("watch", "--once", "--scan", "proofs"))
    assert [line.partition(": ")[0] for line in lines] == ["reachable again"]


def test_files_that_no_scan_reads_are_told(scanned):
    scanned.write("new " * 50_000, "nas/large")
    lines = told(scanned("watch", "--once", "--scan", "proofs", "--max-bytes", "1KB", code=8))
    assert lines == ["not proved: 'nas': 1 file never read"]
    forget_when(scanned)
    lines = told(scanned("watch", "--once", "--scan", "proofs"))
    assert lines == ["proved, after: 'nas': 1 file never read"]


def test_a_storage_that_is_not_read_is_told_beside_what_is_wrong_with_another(scanned):
    (scanned.path / "raw").mkdir()
    scanned.write("good", "raw/1")
    scanned.write(
        "version: 1\nplatform: sqlite:///platform.db\nstorages:\n"
        f"  - {{name: nas, type: local, default_url: {scanned.path}/nas, proof: {{every: 30d}}}}\n"
        f"  - {{name: raw, type: local, default_url: {scanned.path}/raw}}\n"
    )
    scanned("apply", "-y", "-q")
    scanned("scan", "--into", "proofs")
    scanned.write("new " * 50_000, "raw/2")
    watch = ("watch", "--once", "--scan", "proofs", "--max-bytes", "1KB")
    (line,) = told(scanned(*watch, code=8))
    assert line.startswith("not scanned: 'raw': not everything was read")
    forget_when(scanned)
    (scanned.path / "nas/a").unlink()
    lines = told(scanned(*watch, code=7))
    assert [line.partition(": ")[0] for line in lines] == ["finding"]
    forget_when(scanned)
    lines = told(scanned("watch", "--once", "--scan", "proofs", code=7))
    assert [line[:30] for line in lines] == ["scanned again, after: 'raw': n"]


def test_nothing_is_scanned_into_another_repository_that_lies_in_the_place_of_ours(scanned):
    watch = ("watch", "--once", "--scan", "proofs")
    assert told(scanned(*watch)) == []
    (scanned.path / "proofs").rename(scanned.path / "ours")
    scanned("scan", "--into", "proofs")
    before = sorted((scanned.path / "proofs").rglob("*"))
    scanned.write("new", "nas/c")
    for _ in range(2):
        forget_when(scanned)
        scanned(*watch, code=1)
    scanned(*watch, code=8)
    state = json.loads(scanned.read(".reconciler/watch/watch.json"))
    kinds = {one["condition"]["kind"] for one in state["lasting"]}
    assert kinds == {"not_known", "not_scanned"}
    assert sorted((scanned.path / "proofs").rglob("*")) == before
    (scanned.path / "proofs").rename(scanned.path / "theirs")
    (scanned.path / "ours").rename(scanned.path / "proofs")
    forget_when(scanned)
    lines = told(scanned(*watch))
    assert sorted(line.partition(",")[0] for line in lines) == ["known again", "scanned again"]


SECRET = "https://u:hunter2SECRET@h/b"


def test_a_secret_in_the_name_of_a_storage_is_masked_in_all_that_is_told_of_its_files(
    scanned, monkeypatch
):
    with closing(sqlite3.connect(scanned.path / "platform.db", isolation_level=None)) as db:
        db.execute("UPDATE storages SET name = ?", (SECRET,))
    scanned.write(scanned.read("storages.yaml").replace("name: nas", f'name: "{SECRET}"'))
    (scanned.path / "nas/a").unlink()
    scanned("scan", "--into", "proofs", code=7)
    scanned("snapshot", "create", "proofs")
    said = [scanned("watch", "--once", "--scan", "proofs", code=7).stdout]
    scanned("verify", "proofs", "--objective", "--metrics", "numbers.prom", code=7)
    said += [scanned.read("numbers.prom"), scanned.read(".reconciler/watch/watch.json")]
    known = Recall(scanned, monkeypatch)().known
    said += [repr(known.dues), repr(known.findings), repr(known.conditions)]
    assert known.findings
    assert "hunter2SECRET" not in "".join(said)


def test_a_storage_that_was_never_scanned_and_is_to_be_proved_is_told_until_it_is(scanned):
    (scanned.path / "raw").mkdir()
    scanned.write("good", "raw/1")
    watch = ("watch", "--once", "--scan", "proofs")
    assert told(scanned(*watch)) == []
    more = f"  {{name: raw, type: local, default_url: {scanned.path}/raw}}]"
    scanned.write(scanned.read("storages.yaml").replace("}]", "}," + more))
    scanned("apply", "-y", "-q")
    assert told(scanned(*watch, code=8)) == ["not proved: 'raw': never scanned"]
    assert told(scanned(*watch, code=8)) == []
    forget_when(scanned)
    assert told(scanned(*watch)) == ["proved, after: 'raw': never scanned"]


def test_nothing_of_another_platform_that_lies_in_the_place_of_ours_is_scanned(scanned):
    watch = ("watch", "--once", "--scan", "proofs")
    assert told(scanned(*watch)) == []
    more = f", {{name: theirs, type: local, default_url: {scanned.path}/theirs}}]"
    theirs = scanned.read("storages.yaml").replace("}]", "}" + more)
    scanned.write(theirs.replace("platform.db", "theirs.db"), "theirs.yaml")
    (scanned.path / "theirs").mkdir()
    scanned.write("theirs", "theirs/1")
    scanned("apply", "-y", "-q", "-f", "theirs.yaml")
    (scanned.path / "platform.db").rename(scanned.path / "ours.db")
    (scanned.path / "theirs.db").rename(scanned.path / "platform.db")
    before = sorted((scanned.path / "proofs").rglob("*"))
    forget_when(scanned)
    lines = told(scanned(*watch, code=1))
    assert [line.partition(": ")[0] for line in lines] == ["can't look", "not scanned"]
    assert sorted((scanned.path / "proofs").rglob("*")) == before


def test_no_repository_is_begun_and_the_looks_go_on(scanned):
    lines = told(scanned("watch", "--once", "--scan", "nowhere", code=1))
    assert [line.split(" at ")[0] for line in sorted(lines)] == [
        "not known: there is no repository",
        "not scanned: there is no repository",
    ]
    assert not (scanned.path / "nowhere").exists()
    # It is not tried again at once, and nothing is told again.
    assert told(scanned("watch", "--once", "--scan", "nowhere", code=8)) == []


def test_it_looks_while_it_scans_and_a_signal_ends_both(scanned):
    scanned.write("new " * 500_000, "nas/large")
    with scanned.start(
        *("watch", "--interval", "1h", "--scan", "proofs", "--limit-rate", "1KB"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("Watching sqlite:///")
            text = scanned.read("storages.yaml")
            scanned.write(text.replace("name: nas,", "name: nas, label: NAS,"))
            process.send_signal(signal.SIGHUP)
            assert " drift: 'nas': not as declared" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out) == (0, ""), err
    state = json.loads(scanned.read(".reconciler/watch/watch.json"))
    assert "scan_due" not in state  # the next start goes on at once
    scanned.write(text)
    lines = told(scanned("watch", "--once", "--scan", "proofs"))
    assert [line.partition(": ")[0] for line in lines] == ["no drift any more"]
    assert "nas: complete: 3 files" in scanned("scan", "--into", "proofs").stdout


class Recall:
    """Looks up what the repository `proofs` of a folder knows."""

    def __init__(self, folder, monkeypatch):
        monkeypatch.chdir(folder.path)
        monkeypatch.setattr("reconciler.cli.watching.scanning._SETTLED", 0.01)
        context = Context.of(Settings(verbosity=-1), Streams(), {})
        options = WatchOptions(
            scan="proofs", workers=None, max_duration=None, max_bytes=None, limit_rate=None
        )
        self.told, stop = Queue(), Stop(TimeLimit(None))
        self.scanner = Scanner(context, options, stop, print, self.told.put)

    def __call__(self):
        self.scanner.recall()
        return self.told.get(timeout=60)


@pytest.fixture
def recall(scanned, monkeypatch):
    """Look up what the repository knows, each time that it is called."""
    return Recall(scanned, monkeypatch)


def said(recalled):
    """Return what is wrong, without more words than there must be."""
    return [
        (one.kind, one.name, one.message.partition(";")[0]) for one in recalled.known.conditions
    ]


def test_each_look_knows_what_others_have_found_accepted_and_declared(scanned, recall):
    first = recall().known
    assert first.conditions == ()
    assert recall().known is first  # nothing is read twice
    (scanned.path / "nas/a").unlink()
    scanned("scan", "--into", "proofs", code=7)
    scanned("snapshot", "create", "proofs")
    assert said(recall()) == [("finding", "nas", "'nas': 1 missing, and not accepted")]
    declared = scanned.read("storages.yaml")
    scanned.write(declared.replace("30d", "60d"))
    ((proof,),) = [recall().known.proofs]
    assert proof.every == 60 * 86_400
    scanned.write("version: 1\nplatform: sqlite:///platform.db\nstorages: []\n")
    (away,) = said(recall())
    assert away[:2] == ("finding", "nas")
    assert recall().known.read == {"nas"}
    scanned.write("version: 2\n")
    assert recall() == Recalled()  # each look tells that
    scanned.write("")  # somebody is about to write it
    assert recall() == Recalled()
    (scanned.path / "storages.yaml").unlink()
    assert recall() == Recalled()
    scanned.write(declared)
    before = recall().known.conditions
    scanned("verify", "proofs", "--accept", "nas", "--reason", "it was meant", "-y")
    assert recall().known.conditions == ()
    scanned.write("new", "nas/c")
    (scanned.path / "nas/b").unlink()  # another one, and as many
    scanned("scan", "--into", "proofs", code=7)
    ((now,), (then,)) = recall().known.conditions, before
    assert now.is_news_after(then)
    records = [path for path in (scanned.path / "proofs/findings").rglob("*") if path.is_file()]
    for path in records:
        path.write_bytes(b"x" * path.stat().st_size)
    recalled = recall()
    assert [one[:2] for one in said(recalled)] == [("not_known", "nas")]
    assert (recalled.known.read, recalled.known.unread) == (set(), {"nas"})


def test_a_look_knows_that_what_the_scans_have_listed_is_lost(scanned, recall):
    first = recall().known
    files = [path for path in (scanned.path / "proofs/parts").rglob("*") if path.is_file()]
    kept = [path.read_bytes() for path in files]
    for path in files:
        path.write_bytes(bytes(path.stat().st_size))
    assert [one[:2] for one in said(recall())] == [("not_known", "nas")]
    for path, data in zip(files, kept, strict=True):
        path.write_bytes(data)
    again = recall().known
    assert again.conditions == first.conditions == ()
    scanned.write("a list of a scan that goes on", "proofs/parts/00/more")
    assert recall().known is again
    for path in files:
        path.unlink()
    assert [one[:2] for one in said(recall())] == [("not_known", "nas")]


def test_a_look_trusts_nothing_that_was_reckoned_by_a_clock_that_was_wrong(
    scanned, recall, monkeypatch
):
    for days in (40, -40):
        moment = utc_now() + timedelta(days=days)
        with monkeypatch.context() as wrong:
            for module in ("watching.scanning", "watching.proofs", "recovery.proving.metering"):
                name = f"reconciler.cli.{module}.utc_now"
                wrong.setattr(name, lambda moment=moment: moment)
            assert said(recall()) != []
        assert said(recall()) == []


def test_where_nothing_lies_nothing_is_proved(folder, monkeypatch):
    scanned = scanned_once(folder)
    assert said(Recall(folder, monkeypatch)()) == [
        ("not_proved", "", "nothing lies in any storage that is to be proved")
    ]
    scanned("verify", "proofs", "--objective", code=8)


def test_where_nobody_could_look_nobody_says_that_nothing_lies_there(folder, monkeypatch):
    scanned = scanned_once(folder)
    (folder.path / "nas").rename(folder.path / "gone")
    scanned("scan", "--into", "proofs", code=8)
    assert [one[0] for one in said(Recall(folder, monkeypatch)())] == ["not_reachable"]


def test_what_is_known_of_files_is_told_with_what_explains_it(scanned, recall):
    rewrite(scanned.path / "nas/a", "evil " * 20_000)
    scanned("scan", "--into", "proofs", "--full", code=7)
    told = recall().known
    (proof,) = told.proofs
    assert (proof.files, proof.proved, proof.verdict) == (2, 2, "wrong")
    assert [(one.kind, one.name, one.code) for one in told.conditions] == [
        ("finding", "nas", "damaged")
    ]
    assert [due.storage for due in told.dues] == ["nas"]
    assert told.numbers.storages[0].wrong == {"damaged": 1}  # so /metrics has it
    (finding,) = told.findings
    assert (finding.storage, finding.path, finding.what) == ("nas", "a", "damaged")
    command, *words = shlex.split(finding.explain)
    assert command == "reconciler"
    assert "damaged" in scanned(*words, code=7).stdout
    scanned("snapshot", "create", "proofs")
    assert "damaged" in scanned(*words, code=7).stdout


def test_its_numbers_of_storages_are_those_of_metrics(scanned):
    (scanned.path / "nas").rename(scanned.path / "away")
    with scanned.start(
        *("watch", "--interval", "1h", "--scan", "proofs", "--listen", "127.0.0.1:0"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            url = process.stderr.readline().split()[-1]
            assert " not reachable: 'nas'" in process.stdout.readline()  # the scan has ended
            with urllib.request.urlopen(f"{url}/metrics") as answer:
                told = answer.read().decode()
            with urllib.request.urlopen(f"{url}/v1/status") as answer:
                (storage,) = json.load(answer)["storages"]
        finally:
            process.kill()
    assert (storage["standing"], storage["proof"]["files"]) == ("declared", 2)
    assert storage["proof"]["reasons"][0].startswith("not reachable since ")
    scanned("verify", "proofs", "--objective", "--metrics", "numbers.prom")
    storages = [line for line in told.splitlines() if line.startswith("reconciler_storage_")]
    expected = scanned.read("numbers.prom").splitlines()
    assert storages == [line for line in expected if line.startswith("reconciler_storage_")]
    assert storages
