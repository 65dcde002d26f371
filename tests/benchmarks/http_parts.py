"""The parts of the measurements over HTTP that need a process of their own.

list ADDRESS TIMES          read the list TIMES times, print the CPU seconds of one
creates URL COUNT THREADS   create COUNT storages through bare httpx, print the seconds
rows-in URL COUNT           write an inventory of COUNT rows, print the storage's id
rows-out URL ID             read it, and count
"""

import secrets
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from reconciler.model import Values
from reconciler.platforms import open_platform

# It must be there before anything is measured.
import reconciler.platforms.http.reader  # noqa: F401  isort: skip


def read_list(address: str, times: str) -> str:
    reader = open_platform(address, base=None).reader()
    reader.read()
    begin = time.process_time()
    for _ in range(int(times)):
        reader.read()
    return f"{(time.process_time() - begin) / max(int(times), 1)}"


def creates(url: str, count: str, threads: str, *, keyed: bool = False) -> str:
    client = httpx.Client(base_url=url, limits=httpx.Limits(max_connections=int(threads)))

    def create(i: int) -> None:
        values = {
            "name": f"minio-{i:06d}",
            "label": f"On-premise {i}",
            "type": "S3",
            "default_url": f"https://storage-server:9000/bucket-{i:06d}",
        }
        headers = {"Idempotency-Key": secrets.token_hex(16)} if keyed else {}
        client.post("/v1/storages", json=values, headers=headers).raise_for_status()

    begin = time.perf_counter()
    with ThreadPoolExecutor(int(threads)) as pool:
        for _ in pool.map(create, range(int(count))):
            pass
    return f"{time.perf_counter() - begin}"


def rows_in(url: str, count: str) -> str:
    writer = open_platform(url, base=None).writer(wait=0)
    made = writer.create(Values("nas", "NAS", "local", "file:///data/nas"))

    def rows() -> Iterator[tuple[str, str, str]]:
        for i in range(int(count)):
            yield f"upload-{i:012d}", f"sha256:{i:064x}", f"sha256:{i:064x}"

    writer.record_inventory(made.id, rows())
    return made.id


def rows_out(url: str, id: str) -> str:
    reader = open_platform(url, base=None).reader()
    return str(sum(1 for _ in reader.inventory(id)))


PARTS = {
    "list": read_list,
    "creates": creates,
    "keyed": partial(creates, keyed=True),
    "rows-in": rows_in,
    "rows-out": rows_out,
}
print(PARTS[sys.argv[1]](*sys.argv[2:]))
