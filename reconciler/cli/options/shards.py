"""Which share of the work a run does, on the command line."""

from __future__ import annotations

import argparse
import re

from reconciler.recovery.scanning.shard import Shard

_SHARD = re.compile(r"(?P<number>[0-9]{1,5})/(?P<of>[0-9]{1,5})")


class Once(argparse.Action):
    """Takes a shard, and refuses a second one: a run reads one, and no other is left out unsaid."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        """Keep it; raises `ArgumentError` if there is one already."""
        if getattr(namespace, self.dest, None) is not None:
            raise argparse.ArgumentError(
                self, "given twice: a run reads one shard; start another run for the other"
            )
        setattr(namespace, self.dest, values)


def shard(text: str) -> Shard:
    """Read which of how many: `2/4`; the first one is 1."""
    found = _SHARD.fullmatch(text.strip())
    if found and 1 <= int(found["number"]) <= int(found["of"]):
        return Shard(int(found["number"]), int(found["of"]))
    raise argparse.ArgumentTypeError(
        f"{text!r} is no shard: write K/N, as 2/4 for the second of four; the first one is 1"
    )
