"""Every exit code of the reference, through the installed command, with its message."""

import signal
from subprocess import DEVNULL, PIPE

import pytest

from reconciler import errors
from reconciler.cli import exits
from reconciler.lease.contract import Holder
from reconciler.platforms import open_platform
from support.platforms.live_file import FILE, local, made, manifest, sql


def nothing(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="L")))


def changes(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="New")))


def no_manifest(folder):
    made(folder, "a")
    (folder.path / "storages.yaml").unlink()


def invalid(folder):
    folder.write("version: 1\nstorages: [{nam: x}]\n")


def unmatched(folder):
    made(folder, "a")
    folder.write(manifest(local("a", id="not-there")))


def damaged(folder):
    folder.write(manifest(local("a")))
    folder.write("not a platform\n" * 100, FILE)


def undeclared(folder):
    made(folder, "a", "b")
    folder.write(manifest(local("a", label="L")))


def touched(folder):
    changes(folder)
    folder("plan", "--out", "plan.json")
    sql(folder, "UPDATE storages SET label = 'Theirs'")


def refused_in_part(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="New"), local("b")))
    refuse(folder)


def refused(folder):
    changes(folder)
    refuse(folder)


def refuse(folder):
    sql(folder, "CREATE TRIGGER no BEFORE UPDATE ON storages BEGIN SELECT RAISE(FAIL, 'no'); END")


def locked(folder):
    changes(folder)
    open_platform(f"sqlite:///{FILE}", base=folder.path).lock().acquire(Holder("anna"), 600)


def in_a_snapshot(folder):
    """Keep a snapshot of a storage with a file; its folder stands in for a mount."""
    nas = folder.path / "nas"
    nas.mkdir()
    folder.write("as it was", "nas/file")
    folder.write(manifest(local("nas", place="nas") | {"default_url": str(nas)}))
    folder("apply", "-y", "-q")
    folder("scan", "--into", "proofs")
    folder("snapshot", "create", "proofs")


def lost(folder):
    in_a_snapshot(folder)
    (folder.path / "nas" / "file").rename(folder.path / "elsewhere")
    folder.write("", "nas/other")


def not_mounted(folder):
    in_a_snapshot(folder)
    (folder.path / "nas").rename(folder.path / "unmounted")


CASES = [
    (0, nothing, "plan", "No changes."),
    (0, changes, "plan", "1 to update"),
    (0, changes, "apply -y", "Applied: 1 done"),
    (0, nothing, "drift", "No drift"),
    (0, nothing, "lock show", "Not locked."),
    (1, damaged, "plan", "some other file, not a platform"),
    (1, refused, "apply -y", "1 failed"),
    (1, changes, "apply -y --journal storages.yaml", "can't write the journal"),
    (1, changes, "plan --out no/such/folder", "can't write 'no/such/folder'"),
    (2, changes, "plan --detailed-exitcode", "1 to update"),
    (2, changes, "drift", "label"),
    (3, undeclared, "plan", "BLOCKED by 1 reason"),
    (3, undeclared, "plan --detailed-exitcode", "BLOCKED by 1 reason"),
    (3, undeclared, "apply -y", "BLOCKED by 1 reason"),
    (4, touched, "apply plan.json", "'a' has changed since the plan was made"),
    (4, changes, "apply --expect sha256:" + "0" * 64, "the plan is not the expected one"),
    (5, refused_in_part, "apply -y", "1 done, 1 failed"),
    (6, locked, "apply -y --lock-timeout 0s", "locked by 'anna'"),
    (6, locked, "lock show", "Locked by 'anna'"),
    (0, in_a_snapshot, "verify proofs --deep", "1 of 1 file compared, and all agree"),
    (7, lost, "verify proofs --deep", "FINDINGS: 1 missing"),
    (8, not_mounted, "verify proofs --deep", "1 storage not reachable"),
    (8, in_a_snapshot, "verify proofs", "nothing was compared"),
    (64, nothing, "paln", "did you mean plan?"),
    (64, no_manifest, "plan", "reconciler init"),
    (64, changes, "apply", "there is no terminal to ask on"),
    (64, locked, "lock release", "there is no terminal to ask on"),
    (65, invalid, "validate", "storages.yaml:2:"),
    (65, unmatched, "plan", "'not-there'"),
]


@pytest.mark.parametrize(
    ("code", "prepare", "line", "said"),
    CASES,
    ids=[f"{case[0]} {case[1].__name__} {case[2][:30]}" for case in CASES],
)
def test_exit_code_and_message(folder, code, prepare, line, said):
    prepare(folder)
    told = folder(*line.split(), code=code)
    assert said in " ".join((told.stdout + told.stderr).split())


def test_no_at_the_question_is_1(quickstart):
    assert "Nothing was applied." in quickstart.on_terminal("apply", answer=b"no\n", code=1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_apply_is_130_and_says_what_remains(folder, number):
    folder.write(manifest(*(local(f"s{n:03}") for n in range(500))))
    with folder.start(
        "apply", "-y", "-v", stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True
    ) as process:
        for at, _ in enumerate(process.stderr):
            if at == 10:
                break
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "not started" in out
    assert "unknown" not in out


def test_every_code_of_the_reference_has_a_case():
    assert {case[0] for case in CASES} | {errors.INTERRUPTED} == set(exits.MEANINGS)
