"""Amounts of bytes, rates and numbers of workers on the command line."""

import argparse

import pytest

from reconciler.cli.options.amounts import amount, at_once, rate


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("65536", 65536),
        ("500GB", 500 * 10**9),
        ("500gb", 500 * 10**9),
        ("1.5TiB", 3 << 39),
        ("2 MiB", 2 << 20),
        ("10k", 10_000),
        ("7B", 7),
    ],
)
def test_an_amount(text, size):
    assert amount(text) == size
    assert rate(text) == size
    assert rate(f"{text}/s") == size


@pytest.mark.parametrize("text", ["", "0", "0.5", "-1", "many", "5XB", "1e3", "GB", "1.MB", "٣"])
def test_no_amount(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no amount"):
        amount(text)
    with pytest.raises(argparse.ArgumentTypeError, match="is no rate"):
        rate(text)


def test_a_number_of_workers():
    assert [at_once(text) for text in ("1", "16", "256")] == [1, 16, 256]
    for text in ("0", "257", "-1", "two", "1.5", ""):
        with pytest.raises(argparse.ArgumentTypeError):
            at_once(text)
