"""What `verify` refuses before anything is opened."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import cast

import pytest

from reconciler.cli.commands.recovery.verify import COMMAND, VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.recovery.verify import run
from reconciler.errors import UsageError

WAYS = {
    "--explain": ("--explain", "nas", "a"),
    "--accept": ("--accept", "nas"),
    "--withdraw": ("--withdraw", "nas"),
    "--accept-loss": ("--accept-loss", "nas"),
    "--objective": ("--objective",),
}


OF_EXPLAIN = (("--redact",), ("--settled", "1d"))


def refused(*line: str) -> str:
    parser = ArgumentParser()
    COMMAND.add_arguments(parser)
    options = parser.parse_args(line, namespace=VerifyOptions())
    with pytest.raises(UsageError) as error:
        run(cast("Context", None), options)
    return str(error.value)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_about_all_of_a_repository_takes_no_snapshot(way: str) -> None:
    told = refused("proofs@20261129", *WAYS[way])
    assert told == f"{way} is about all of a repository: leave the snapshot out"


@pytest.mark.parametrize(
    ("way", "option"),
    [
        *((way, ("--rows", "rows.csv")) for way in WAYS),
        *((way, ("--all",)) for way in WAYS),
        *((way, option) for way in WAYS if way != "--explain" for option in OF_EXPLAIN),
    ],
)
def test_what_tells_of_a_comparison_means_nothing_without_one(
    way: str, option: tuple[str, ...]
) -> None:
    told = refused("proofs", *option, *WAYS[way])
    assert told == f"{option[0]} says how a comparison is told: leave it out"


def test_what_goes_with_accepting_means_nothing_without_it() -> None:
    assert refused("proofs", "--reason", "x") == "--reason means something only with --accept"
    assert refused("proofs", "--reason", "x", "--withdraw", "nas").startswith("--reason means")
    told = refused("proofs", "-y", "--deep")
    assert told == "--auto-approve means something only with --accept, --withdraw and --accept-loss"
