"""What tests send to a state server, and what they look for in its answers."""

from __future__ import annotations

import json
from collections.abc import Iterable

import httpx

NAS = {"name": "nas", "label": "NAS", "type": "local", "default_url": "/data/nas"}
NDJSON = {"Content-Type": "application/x-ndjson"}
LEASE = {"owner": "ci", "host": "runner", "job_url": "", "reason": "apply", "seconds": 60}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Give status and code of a problem, and check that it is one in all its parts."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Reconciler-Version"]
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:reconciler:problem:{document['code']}"
    assert document["title"]
    assert document["detail"]
    return answer.status_code, document["code"]


def create(client: httpx.Client, name: str = "nas", **headers: str) -> dict[str, str]:
    """Create a storage."""
    answer = client.post("/v1/storages", json={**NAS, "name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def location(answer: httpx.Response) -> httpx.URL:
    """Give where that is which a request has made."""
    return answer.url.join(answer.headers["Location"])


def ndjson(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Write inventory rows as lines."""
    keys = ("upload_id", "checksum", "checksum_on_disk")
    lines = (json.dumps(dict(zip(keys, row, strict=True))) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def record(client: httpx.Client, id: str, content: bytes, **headers: str) -> httpx.Response:
    """Send inventory rows."""
    url = f"/v1/storages/{id}/inventory"
    return client.post(url, content=content, headers={**NDJSON, **headers})
