"""What `plan` and `apply` may be told beside the manifest."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from reconciler.cli.output.terminal import is_terminal
from reconciler.errors import UsageError


class Choices(Namespace):
    """The options that `plan` and `apply` share."""

    target: list[str] | None = None
    allow_remove: list[str] | None = None
    allow_empty: bool = False
    ids: str | None = None
    check_backends: bool = False

    def check(self) -> None:
        """Raise `UsageError` for a consent that no person at a terminal gives."""
        if self.allow_remove and not is_terminal(sys.stdin):
            raise UsageError(
                "--allow-remove works on a terminal only: in a pipeline, consent is an entry in "
                "`removed:` that a reviewer sees"
            )


def add_choices(parser: ArgumentParser) -> None:
    """Add the options that `plan` and `apply` share."""
    parser.add_argument(
        "--target",
        action="append",
        metavar="NAME",
        help="plan only for these storages (names or globs) and what they depend on; may be "
        "repeated; for emergencies",
    )
    parser.add_argument(
        "--allow-remove",
        action="append",
        metavar="NAME",
        help="consent to remove this storage, like an entry in `removed:`; may be repeated; only "
        "on a terminal",
    )
    parser.add_argument(
        "--allow-empty",
        action="store_true",
        help="let a manifest that declares nothing remove what is live",
    )
    parser.add_argument(
        "--ids",
        metavar="MAP",
        help="file that translates the manifest's ids to those of this platform: "
        '{"format_version": 1, "ids": {"old": "new"}}',
    )
    parser.add_argument(
        "--check-backends",
        action="store_true",
        help="look whether the folder or bucket of each storage to be created is there: plan "
        "warns, apply stops before it writes anything",
    )
