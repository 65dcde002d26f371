"""Amounts of bytes on the command line."""

from __future__ import annotations

import argparse
import re

_UNITS = {
    **{f"{letter}": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
    "": 1,
    "b": 1,
}
_AMOUNT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) ?(?P<unit>[A-Za-z]*)")


def amount(text: str) -> int:
    """Read an amount of bytes, at least one: `500GB`, `1.5TiB`, `65536`."""
    found = _AMOUNT.fullmatch(text.strip())
    unit = _UNITS.get(found["unit"].lower()) if found else None
    if not found or not unit or (size := int(float(found["number"]) * unit)) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no amount of bytes: write 500GB, 1.5TiB or 65536"
        )
    return size


def rate(text: str) -> int:
    """Read bytes a second: an amount, with or without `/s`."""
    try:
        return amount(text.removesuffix("/s"))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: write 100MB or 100MB/s") from None


def at_once(text: str) -> int:
    """Read how many there may be at once: from 1 to 256."""
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= 256:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 256")
