"""`rebuild`: make the storages of a snapshot again."""

from __future__ import annotations

from argparse import ArgumentParser

from reconciler.cli.applying.agreement import TermsOptions, add_terms
from reconciler.cli.options.command import Command
from reconciler.cli.options.extras import needing
from reconciler.cli.settings import LIMITED_OPTIONS, output_path


class RebuildOptions(TermsOptions):
    """The options of `rebuild`."""

    repository: str
    dry_run: bool
    expect: str | None
    expect_plan: str | None
    allow_incomplete: bool
    keep_live: bool
    relocate: list[str] | None
    check_backends: bool
    ids: str | None
    rewrite_manifest: list[str] | None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "repository",
        metavar="REPO[@ID]",
        help="a repository, and the snapshot that is meant (default: the latest complete one)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    _add_source(parser)
    _add_extent(parser)
    add_terms(parser)
    parser.add_argument(
        "--ids",
        type=output_path,
        metavar="FILE",
        help="write which id in the snapshot is which id now: `plan --ids FILE` takes it",
    )
    parser.add_argument(
        "--rewrite-manifest",
        action="append",
        metavar="PATH",
        help="give the pins (`id:`) in this manifest, a file or folder, their new ids; nothing "
        "else in it changes; may be repeated",
    )


def _add_source(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--expect",
        metavar="sha256:…",
        help="rebuild from the snapshot with this digest, and none other",
    )
    parser.add_argument(
        "--expect-plan",
        metavar="DIGEST|FILE|PLAN",
        help="go on without a question only if the plan is this one, as `apply --expect` does",
    )
    parser.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="rebuild what an incomplete or corrupt snapshot has",
    )


def _add_extent(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep-live",
        action="store_true",
        help="create what is missing, and leave what is live as it is, whatever differs",
    )
    parser.add_argument(
        "--relocate",
        action="append",
        metavar="FROM=TO",
        help="what lay below the address FROM lies below TO now; may be repeated",
    )
    parser.add_argument(
        "--check-backends",
        action="store_true",
        help="look whether the folder or bucket of each storage to be created is there, and stop "
        "before anything is written if not",
    )


COMMAND = Command(
    details="Plans and applies the storages of a snapshot, as `apply` does a manifest: it shows "
    "the plan, asks, takes the lease, keeps a journal. On a platform that has some of them, only "
    "what is missing is created, and what differs is shown. A storage is known by its id on the "
    "platform of the snapshot, else by its location if that is the only one there, else by its "
    "name. Nothing is ever removed. Then the platform's records of files are added, where it takes "
    "any; records that it has stay as they are. Run again after a failure, it does the rest.\n\n"
    "A finished rebuild proves nothing about files: at its end it says what does.\n\n"
    "Exit codes: those of `apply`; 4 also if no snapshot has the expected digest.",
    examples=(
        (
            "reconciler rebuild ./proofs --platform sqlite:///new.db --dry-run",
            "show what would be made again, and where",
        ),
        (
            "reconciler rebuild ./proofs --platform sqlite:///new.db -y --ids ids.json",
            "make it again, and keep which id became which",
        ),
    ),
    add_arguments=_add_arguments,
    options=RebuildOptions,
    repository=("repository",),
    run=needing("recovery", "reconciler.cli.recovery.rebuild", "pyarrow"),
    takes=tuple(LIMITED_OPTIONS),
    tells_events=True,
)
