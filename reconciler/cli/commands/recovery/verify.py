"""`verify`: whether files, or the platform's records of them, are still the same."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _MutuallyExclusiveGroup

from reconciler.cli.options.amounts import at_once, rate
from reconciler.cli.options.command import Command
from reconciler.cli.options.extras import needing
from reconciler.cli.settings import FORMATS, HTML, VERDICTS, duration, output_path

#: What `--against` without a value means: the snapshot before, in the same repository.
BEFORE = "@"


class VerifyOptions(Namespace):
    """The options of `verify`."""

    repository: str | None
    deep: bool
    against: str | None
    explain: list[str] | None
    accept: list[str] | None
    withdraw: list[str] | None
    accept_loss: str | None
    objective: bool
    reason: str | None
    auto_approve: bool
    everything: bool
    redact: bool
    rows: str | None
    settled: float | None
    relocate: list[str] | None
    same_storage: bool
    workers: int | None
    max_duration: float | None
    limit_rate: int | None
    metrics: str | None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "repository",
        nargs="?",
        metavar="REPO[@ID]",
        help="a repository, and the snapshot that is meant (default: the latest complete one; with "
        "--against the latest)",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--deep",
        action="store_true",
        help="read the bytes on the storages again; needs no platform",
    )
    ways.add_argument(
        "--against",
        nargs="?",
        const=BEFORE,
        metavar="REPO[@ID]",
        help="compare the snapshot with an earlier one, offline (default: the one before it); one "
        "of the two REPO may be left out",
    )
    ways.add_argument(
        "--explain",
        nargs=2,
        metavar=("STORAGE", "PATH"),
        help="tell the story of one file: every proof of it, when it was wrong first, and where "
        "the good bytes still are",
    )
    _add_verdicts(ways)
    ways.add_argument(
        "--objective",
        action="store_true",
        help="say whether every byte was proved as often as `proof:` of the manifest wants, by the "
        "scans in REPO; nothing is read on a storage or platform",
    )
    _add_accepting(parser)
    _add_telling(parser)
    _add_reading(parser)


def _add_verdicts(ways: _MutuallyExclusiveGroup) -> None:
    ways.add_argument(
        "--accept",
        nargs="+",
        metavar=("STORAGE", "PATH"),
        help="say that what was found damaged, missing or deleted may stay so: all of it, or what "
        "lies at these paths or globs. It counts no more while it is as it is now",
    )
    ways.add_argument(
        "--withdraw",
        nargs="+",
        metavar=("STORAGE", "PATH"),
        help="take back what was said with --accept: of all that still is as it was then, or of "
        "what lies at these paths or globs. It counts again",
    )
    ways.add_argument(
        "--accept-loss",
        metavar="STORAGE",
        help="go on though findings of this storage are lost, which is scanned no more: by its "
        "name, or as the report names it. What is scanned: scan --accept-loss",
    )


def _add_accepting(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--reason", metavar="TEXT", help="with --accept: why; kept, and shown with the finding"
    )
    parser.add_argument(
        "-y",
        "--auto-approve",
        action="store_true",
        help="with --accept, --withdraw and --accept-loss: do not ask",
    )


def _add_telling(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="list also what is only counted otherwise: new files, and changes of files that had "
        "not settled",
    )
    parser.add_argument(
        "--settled",
        type=duration,
        metavar="TIME",
        help="a file that has not changed for so long is expected to stay as it is (default: "
        "what `proof:` of the manifest says, else 7d)",
    )
    parser.add_argument(
        "--redact",
        action="store_true",
        help="replace names of files by short hashes, the same in all reports of a repository",
    )
    parser.add_argument(
        "--rows",
        type=output_path,
        metavar="FILE",
        help="write every finding as a row of a table: FILE.parquet or FILE.csv",
    )
    parser.add_argument(
        "--metrics",
        type=output_path,
        metavar="FILE",
        help="write what is known then as numbers for Prometheus, however the run ends: FILE.prom "
        "in the folder of node_exporter's textfile collector",
    )


def _add_reading(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--relocate",
        action="append",
        metavar="FROM=TO",
        help="with --deep: read what lies below FROM at TO: a copy, on which nobody works, so that "
        "whatever differs is told; may be repeated",
    )
    parser.add_argument(
        "--same-storage",
        action="store_true",
        help="with --relocate: what lies at TO is no copy, but the storage itself, mounted "
        "elsewhere; what is found is kept as its own, and what people wrote lately only counted",
    )
    parser.add_argument(
        "--workers",
        type=at_once,
        metavar="N",
        help="with --deep: how many threads read at once (default: the number of cores)",
    )
    parser.add_argument(
        "--max-duration",
        type=duration,
        metavar="TIME",
        help="with --deep: end after this time; the next run goes on",
    )
    parser.add_argument(
        "--limit-rate",
        type=rate,
        metavar="RATE",
        help="with --deep: read at most so much a second (100MB)",
    )


COMMAND = Command(
    details="Compares what is with what a snapshot has, like with like. Alone it compares the "
    "platform's records of files with those of the snapshot; with --deep the bytes on the storages "
    "with its contents; with --against two snapshots with each other.\n\n"
    "Says for each storage how many files were compared, of how many, and how many could not be; "
    "then what was found, each with what it was and is, and since when; and on which proofs the "
    "answer rests. Nothing is ever called missing because a storage or folder can't be read.\n\n"
    "Findings are kept in REPO until they are proved to be over. What is damaged, missing or "
    "deleted ends with 7 in each run until the same bytes are seen again, or somebody says with "
    "--accept that it may stay so.\n\n"
    "Exit codes: 0 all was compared and agrees, 7 there are findings, 8 there are none, but "
    "something could not be compared.",
    examples=(
        ("reconciler verify ./proofs --deep", "read everything again, and compare"),
        (
            "reconciler verify ./proofs --explain nas-1 file",
            "since when a file is wrong, and where its good bytes are",
        ),
    ),
    add_arguments=_add_arguments,
    options=VerifyOptions,
    repository=("repository", "against"),
    run=needing("recovery", "reconciler.cli.recovery.verify", "pyarrow"),
    formats=(*FORMATS, HTML, *VERDICTS),
)
