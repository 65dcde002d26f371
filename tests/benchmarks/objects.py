"""Measure what reading a bucket costs this machine, against curl that reads the same objects.

    python tests/benchmarks/objects.py                  # 5,000 objects of 4 to 60 KiB
    python tests/benchmarks/objects.py --count 1000

SeaweedFS runs beside both, on loopback. Ours lists and reads through `BucketSource`, without
hashing, as curl does not hash; what hashing adds is told beside. It judges nothing.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import child

sys.path.insert(0, str(Path(__file__).parents[1]))

from reconciler.location import location
from reconciler.recovery.objects import reading
from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.rows import Rows
from reconciler.recovery.values import Target
from support.locks.seaweed import S3Server, serving

THREADS = 4
#: Objects that a thread reads at a time.
PART = 64
TARGET = "at most 3"


def main() -> None:
    options = _options()
    if options.client:
        _client(options.client, hashing=options.hashing)
        return
    folder = tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder)
    with folder as name, serving(Path(name)) as server:
        os.environ |= server.environment()
        _compare(server, Path(name), options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where the server works, best in memory")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--hashing", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(server: S3Server, folder: Path, options: argparse.Namespace) -> None:
    bucket, size, urls = _fill(server, options.count)
    script = folder / "curl.conf"
    script.write_text("".join(f'url = "{url}"\noutput = /dev/null\n' for url in urls))
    client = [sys.executable, __file__, "--client", f"{server.endpoint}/{bucket}"]
    curls, ours, hashing = [], [], []
    for _ in range(options.runs):
        curls.append(child.run(["curl", "--silent", "--fail", "--config", script]).cpu)
        ours.append(_told(client))
        hashing.append(_told([*client, "--hashing"]))
    yardstick = median(curls)
    listing, bare = median(one for one, _ in ours), median(one for _, one in ours)
    print(f"{options.count:,} objects, {size / 2**20:,.0f} MiB, median of {options.runs} runs")
    row = "{:<44} {:>8} {:>8}   {}"
    print(row.format("", "CPU s", "ratio", "target"))
    for what, cpu, target in (
        ("curl, one process", yardstick, ""),
        ("list", listing, ""),
        ("read, without hashing", bare, ""),
        ("list and read, without hashing", listing + bare, TARGET),
        ("list and read", listing + median(one for _, one in hashing), ""),
    ):
        print(row.format(what, f"{cpu:.2f}", f"{cpu / yardstick:.2f}", target).rstrip())


def _told(command: list[str]) -> tuple[float, float]:
    listing, read = child.output(command)[1].split()
    return float(listing), float(read)


def _fill(server: S3Server, count: int) -> tuple[str, int, list[str]]:
    """Make a bucket with objects; return its name, their bytes, and a URL for each."""
    bucket, client, chance = server.new_bucket(), server.client(), random.Random(1)
    data = chance.randbytes(61_440)
    sizes = {f"f{i % 50:02}/{i:06}.tif": chance.randrange(4_096, 61_440) for i in range(count)}

    def put(key: str) -> str:
        client.put_object(Bucket=bucket, Key=key, Body=data[: sizes[key]])
        return client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})

    with ThreadPoolExecutor(THREADS) as pool:
        return bucket, sum(sizes.values()), list(pool.map(put, sizes))


def _client(url: str, *, hashing: bool) -> None:
    """List and read a bucket, and print the CPU seconds of both."""
    if not hashing:
        nothing = SimpleNamespace(update=lambda _: None, digest=bytes)
        reading.hashlib = SimpleNamespace(sha256=lambda: nothing)
    target = Target("1", "raw", "S3", location("S3", url).place, url)
    with closing(BucketSource(target, ())) as source:
        source.prove(None)
        parts, listing = _timed(
            lambda: [part for rows in source.listing() for part in _parts(rows)]
        )
        with ThreadPoolExecutor(THREADS) as pool:
            _, read = _timed(
                lambda: list(pool.map(lambda part: source.read(part, lambda _: None), parts))
            )
    print(listing, read)


def _timed(work: Callable[[], list[Rows]]) -> tuple[list[Rows], float]:
    start = time.process_time()
    return work(), time.process_time() - start


def _parts(rows: Rows) -> list[Rows]:
    columns = Rows.__struct_fields__
    return [
        Rows(**{name: getattr(rows, name)[start : start + PART] for name in columns})
        for start in range(0, len(rows), PART)
    ]


if __name__ == "__main__":
    main()
