"""`scan`: read the files on storages, and keep what is there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import Context
from reconciler.cli.options.amounts import amount, at_once, rate
from reconciler.cli.options.command import Command
from reconciler.cli.options.extras import needing
from reconciler.cli.options.shards import Once, shard
from reconciler.cli.settings import duration, output_path
from reconciler.recovery.scanning.shard import Shard


class ScanOptions(Namespace):
    """The options of `scan`."""

    names: list[str]
    into: str | None
    existing: bool
    full: bool
    due: bool
    from_report: list[str] | None
    listing: list[str] | None
    exclude: list[str] | None
    relocate: list[str] | None
    accept_root: list[str] | None
    accept_loss: list[str] | None
    shard: Shard | None
    on: str | None
    workers: int | None
    max_duration: float | None
    max_bytes: int | None
    limit_rate: int | None
    metrics: str | None


def _add_arguments(parser: ArgumentParser) -> None:
    _add_places(parser)
    parser.add_argument(
        "--full", action="store_true", help="read every file, also those that show no change"
    )
    parser.add_argument(
        "--due",
        action="store_true",
        help="also read what was proved longest ago, so that all is read as often as `proof:` of "
        "the manifest says; a limit then ends the reading, and the next run begins with the oldest",
    )
    _add_cloud_files(parser)
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="GLOB",
        help="leave out files and folders of this name or path; may be repeated; recorded",
    )
    parser.add_argument(
        "--relocate",
        action="append",
        metavar="FROM=TO",
        help="read what lies below FROM at TO, where it is mounted elsewhere; may be repeated",
    )
    _add_acceptances(parser)
    _add_limits(parser)
    parser.add_argument(
        "--metrics",
        type=output_path,
        metavar="FILE",
        help="write what is known then as numbers for Prometheus, however the run ends: FILE.prom "
        "in the folder of node_exporter's textfile collector",
    )


def _add_places(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="only these storages (names or globs); default: all in scope",
    )
    parser.add_argument(
        "--into",
        metavar="REPO",
        help="the repository in which scans are kept: a folder, or s3://BUCKET/PREFIX; made if "
        "there is none",
    )
    parser.add_argument(
        "--existing",
        action="store_true",
        help="begin no new repository: end with 1 where there is none, as where it is not mounted; "
        "for whatever runs by itself",
    )


def _add_cloud_files(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--from-report",
        action="append",
        metavar="FILE",
        help="take the SHA-256 that S3 Batch Operations computed of objects at rest (Compute "
        "checksum), instead of reading them: FILE is the manifest.json of the job's report, its "
        "other files beside it; may be repeated",
    )
    parser.add_argument(
        "--listing",
        action="append",
        metavar="FILE",
        help="take what lies in a bucket from a list of S3 Inventory, instead of asking for it: "
        "FILE is its manifest.json, the other files beside it (CSV or Parquet); may be repeated",
    )


def _add_acceptances(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--accept-root",
        action="append",
        metavar="NAME",
        help="this storage was moved to another disk or share on purpose, or emptied: hold nothing "
        "against its root; may be repeated",
    )
    parser.add_argument(
        "--accept-loss",
        action="append",
        metavar="NAME",
        help="go on with this storage though the repository has lost what an earlier scan knew of "
        "it; may be repeated",
    )


def _add_limits(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        action=Once,
        type=shard,
        metavar="K/N",
        help="read one of N shares of each storage, and other runs the others, on this or other "
        "machines; the last one finishes the scan",
    )
    parser.add_argument(
        "--on",
        metavar="URL",
        help="have the workers of a Dask cluster read (tcp://HOST:8786, tls://HOST:8786)",
    )
    add_bounds(parser)


def add_bounds(parser: ArgumentParser) -> None:
    """Add the options that bound what a scan reads."""
    parser.add_argument(
        "--workers",
        type=at_once,
        metavar="N",
        help="how many threads read at once; more than cores help on disks and networks (default: "
        "the number of cores; with --on: of the workers' threads)",
    )
    parser.add_argument(
        "--max-duration",
        type=duration,
        metavar="TIME",
        help="end after this time (90s, 30m, 4h); the next scan goes on",
    )
    parser.add_argument(
        "--max-bytes",
        type=amount,
        metavar="SIZE",
        help="read at most so much (500GB, 1.5TiB); the next scan goes on",
    )
    parser.add_argument(
        "--limit-rate", type=rate, metavar="RATE", help="read at most so much a second (100MB)"
    )


def _run(context: Context, options: ScanOptions) -> int:
    return (_SCAN if options.into is not None else _RECORD)(context, options)


_SCAN = needing("recovery", "reconciler.cli.recovery.scan", "pyarrow")
_RECORD = needing("recovery", "reconciler.cli.recovery.recording", "pyarrow")
COMMAND = Command(
    details="Lists each storage and reads every file that is new or shows a change: another size, "
    "time or inode. What shows none keeps the SHA-256 that it had; --full reads it, too. Links are "
    "kept with their target, and not followed. Nothing on a storage is written.\n\n"
    "Before a storage is read, and again at the end, its root is proved: one that is not mounted, "
    "or suddenly empty, is `not reachable`, and no file of it is ever missing for that.\n\n"
    "Ctrl-C ends a scan and keeps what was read; the next one goes on from there, also after a "
    "kill or a power cut.\n\n"
    "Without --into, the platform records the files of the storages that are named, where it takes "
    "such records: for each its path, and its SHA-256 as both checksums.\n\n"
    "With --from-report, as in `scan raw --into ./proofs --from-report job/manifest.json`, what a "
    "cloud computed of objects at rest counts as proof of these, with the date of its report; each "
    "report says so, and never that they were read.\n\n"
    "With --listing a bucket is listed as it was when the list was made: what came since is not "
    "known, and what the list lacks is asked for before it is missing.\n\n"
    "With --shard K/N each run reads one of N shares; the last one that is through finishes the "
    "scan.\n\n"
    "Exit codes: 0 everything was read (of the shard), 7 a file is damaged, missing or "
    "deleted, 8 something could not be read, or the repository has lost what an earlier scan knew, "
    "65 a report or list of the cloud can't be believed.",
    examples=(
        ("reconciler scan --into ./proofs", "read what is new or changed on all storages"),
        (
            "reconciler scan 'nas-*' --into ./proofs --full --max-duration 4h",
            "four hours of reading everything; the next run goes on",
        ),
    ),
    add_arguments=_add_arguments,
    options=ScanOptions,
    repository=("into",),
    run=_run,
)
