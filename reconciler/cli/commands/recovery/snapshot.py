"""`snapshot`: a backup of all storages, what the platform knows of them, and what lies on them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from reconciler.cli.options.command import Command
from reconciler.cli.options.extras import needing
from reconciler.cli.settings import COMMON_OPTIONS, output_path

CREATE, LIST, CHECK, PRUNE = "create", "list", "check", "prune"


class SnapshotOptions(Namespace):
    """The options of `snapshot`."""

    action: str
    repository: str
    scan: bool
    existing: bool
    exclude: list[str] | None
    allow_fewer: bool
    digest_file: str | None
    metrics: str | None
    expect: str | None
    keep_last: int | None
    keep_daily: int | None
    keep_weekly: int | None
    keep_monthly: int | None
    keep_yearly: int | None
    yes: bool


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is no number: write how many are kept, such as 7")
    return int(text)


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=(CREATE, LIST, CHECK, PRUNE), help="what to do")
    parser.add_argument(
        "repository",
        metavar="REPO",
        help="the repository: a folder, or s3://BUCKET/PREFIX; `create` makes one if there is "
        "none; for `check` also REPO@ID, one snapshot of it",
    )
    parser.add_argument("--scan", action="store_true", help="create: scan all storages before")
    parser.add_argument(
        "--existing",
        action="store_true",
        help="create: begin no new repository: end with 1 where there is none, as where it is not "
        "mounted; for whatever runs by itself",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="GLOB",
        help="create --scan: leave out files and folders of this name or path; may be repeated",
    )
    parser.add_argument(
        "--allow-fewer",
        action="store_true",
        help="create: also with fewer storages than the snapshot before, or than the manifest "
        "declares",
    )
    _add_files(parser)
    parser.add_argument(
        "--expect",
        metavar="sha256:…",
        help="check: the snapshot with this digest, and none other",
    )
    _add_rules(parser)


def _add_files(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--digest-file",
        type=output_path,
        metavar="FILE",
        help="create: write the digest, in which all of the snapshot hangs, to this file: keep it "
        "elsewhere, in Git or on paper",
    )
    parser.add_argument(
        "--metrics",
        type=output_path,
        metavar="FILE",
        help="create: write what is known then as numbers for Prometheus, however the run ends: "
        "FILE.prom in the folder of node_exporter's textfile collector",
    )


def _add_rules(parser: ArgumentParser) -> None:
    for option, meaning in (
        ("--keep-last", "the last N"),
        ("--keep-daily", "one of each of the last N days that have any"),
        ("--keep-weekly", "one of each of the last N weeks that have any"),
        ("--keep-monthly", "one of each of the last N months that have any"),
        ("--keep-yearly", "one of each of the last N years that have any"),
    ):
        parser.add_argument(option, type=_count, metavar="N", help=f"prune: keep {meaning}")
    parser.add_argument(
        "-y",
        "--yes",
        action="store_true",
        help="prune: remove what is shown; otherwise nothing is",
    )


_ACTIONS = {
    CREATE: "Reads all storages of the platform with their file records, and joins them with the "
    "newest scan of each: scope does not narrow it. Adds to the repository, and needs no right to "
    "delete.\n\nExit codes: 0 the snapshot was made; 7 it was, and "
    "--scan found files damaged, missing or deleted; 8 it was, and is incomplete.",
    LIST: "Lists the snapshots of a repository, the newest first; with REPO@ID, shows one. Needs "
    "no platform.",
    CHECK: "Reads every byte of all snapshots, or with REPO@ID of one, and proves them undamaged; "
    "with --expect also untampered. Needs no platform.\n\n"
    "Exit codes: 0 undamaged; 1 something is corrupt or lost; 4 no snapshot has the expected "
    "digest.",
    PRUNE: "Shows which snapshots go and why the others stay; --yes removes them. The last "
    "complete and the last verified one always stay. The rules hold for the snapshots of each "
    "platform, and for the scans of each storage; periods are those of UTC. What nothing names any "
    "more is deleted by a second prune, an hour later or more.\n\n"
    "Exit codes: 0 success; 6 another prune is under way.",
}
COMMAND = Command(
    actions=_ACTIONS,
    details="`create` reads all storages with their file records, and joins them with the newest "
    "scan of each: scope does not narrow it. It adds to the repository, and needs no right to "
    "delete. `list` and `check` need no platform; `check` reads every byte of one snapshot, or of "
    "all, and --expect also proves that nobody has tampered with it.\n\n"
    "`prune` shows which snapshots go and why the others stay. The last complete and the last "
    "verified one always stay. What nothing names any more is deleted by a second prune, an hour "
    "later or more. `reconciler snapshot ACTION --help` tells more of each.\n\n"
    "Exit codes: 0 success; 7 it was made, and --scan found files damaged, missing or "
    "deleted; 8 it was made and is incomplete; `check`: 1 something is corrupt or lost, 4 no "
    "snapshot has the expected digest; `prune`: 6 another one is under way.",
    examples=(
        (
            "reconciler snapshot create ./proofs --digest-file proofs.digest",
            "take a snapshot, and keep its digest for Git",
        ),
        ("reconciler snapshot create ./proofs && reconciler snapshot check ./proofs", "prove it"),
    ),
    add_arguments=_add_arguments,
    options=SnapshotOptions,
    takes=tuple(option for option in COMMON_OPTIONS if option != "scope"),
    repository=("repository",),
    run=needing("recovery", "reconciler.cli.recovery.snapshot", "pyarrow"),
)
