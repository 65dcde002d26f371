"""One flipped bit in any file of a repository: who reads the file says so, and nobody else cares.

Each command is run on a whole copy first. With the flipped bit it says the same, or it names the
file, or its sum; and then it never ends with "all is well" where it read what was damaged.
"""

import random
import re
import shutil
from unittest.mock import ANY

from support.sampling import is_long, sample

#: What commands say differs in times, ids and sums, and in how often something was read.
_VARIES = re.compile(r"[0-9a-f]{8,}|[0-9]+")
COMMANDS = {
    "scan": ("scan", "--into", "proofs"),
    "deep": ("verify", "proofs", "--deep"),
    "against": ("verify", "proofs", "--against"),
    "records": ("verify", "proofs"),
    "explain": ("verify", "proofs", "--explain", "nas", "raw/07.tif"),
    "accept": ("verify", "proofs", "--accept", "nas", "-y"),
    "create": ("snapshot", "create", "proofs"),
    "list": ("snapshot", "list", "proofs"),
    "check": ("snapshot", "check", "proofs"),
    "prune": ("snapshot", "prune", "proofs", "--keep-last", "1", "--yes"),
    "rebuild": ("rebuild", "proofs", "--platform", "sqlite:///new.db", "--dry-run"),
}
#: Who reads the newest file of a kind, and must say so.
_ALL = {"scan", "deep", "against", "records", "explain"}
READERS = {
    "findings/": {*_ALL, "accept"},
    "scans/": {*_ALL, "create", "prune"},
    "prune/condemned": {"scan", "deep", "create", "prune"},
}
#: Kinds of files in which `check` finds no fault: what is damaged of them is read or made again.
_UNCHECKED = ("unfinished", "redaction.key", "prune/clock", "finished", "reconciler-repository")


def prepared(storages):
    """Give a repository with files of every kind."""
    run = storages.folder
    run("snapshot", "create", "proofs", "--scan")
    run("verify", "proofs", "--deep")  # verified.json
    storages.file("nas/raw/07.tif", b"6")
    (storages.path / "nas/raw/03.tif").unlink()
    run("scan", "--into", "proofs", "--full", code=7)  # remembered, findings
    run("snapshot", "create", "proofs")
    run("verify", "proofs", "--against", "--redact", code=7)  # redaction.key
    run("snapshot", "prune", "proofs", "--keep-last", "2", "--yes")  # condemned.json
    run("scan", "--into", "proofs", "--max-bytes", "1", "--full", code=8)  # unfinished
    return storages.path / "proofs"


def test_a_flipped_bit_is_told_by_whoever_reads_it(storages, request):
    proofs = prepared(storages)
    whole = storages.path / "whole"
    shutil.copytree(proofs, whole)
    files = sorted(
        path.relative_to(proofs).as_posix()
        for path in proofs.rglob("*")
        if path.is_file() and path.stat().st_size and "/." not in f"/{path.relative_to(proofs)}"
    )
    newest = {kind: max(f for f in files if f.startswith(kind)) for kind in READERS}
    cases = [(file, name) for file in files for name in COMMANDS]
    chosen = range(len(cases))
    if not is_long(request.config):
        chosen = sample(chosen, 6, "flipped bits")
    commands = {name for _, name in (cases[i] for i in chosen)}
    expected = {name: said(storages, proofs, whole, name) for name in sorted(commands)}
    silent = []
    for i in chosen:
        file, name = cases[i]
        told = said(storages, proofs, whole, name, file=file, at=i)
        named = re.search(r"[0-9a-f]{64}|[^/]+$", file)[0]
        as_ever = (told.code, told.last) == (expected[name].code, expected[name].last)
        is_told = named in told.text and told.code != 0
        reads = name == "check" and not file.startswith(_UNCHECKED)
        reads = reads or any(file == newest[kind] and name in READERS[kind] for kind in READERS)
        if not is_told and (reads or not as_ever):
            silent.append((file, name, told))
    assert silent == []


class Told:
    def __init__(self, done):
        self.code = done.returncode
        self.text = done.stdout + done.stderr
        self.last = _VARIES.sub("0", done.stdout.strip().rpartition("\n")[2])

    def __repr__(self):
        return f"{self.code}: {self.text[-900:]}"


def said(storages, proofs, whole, name, *, file=None, at=0):
    """Run a command on a fresh copy, one bit of which is flipped."""
    shutil.rmtree(proofs)
    shutil.copytree(whole, proofs)
    if file is not None:
        path = proofs / file
        data = bytearray(path.read_bytes())
        chosen = random.Random(at)
        data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        path.write_bytes(data)
    return Told(storages.folder(*COMMANDS[name], code=ANY))
