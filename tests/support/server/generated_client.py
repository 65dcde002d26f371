"""Drives a state server with the package `client` that openapi-python-client made.

Run with that package in the current folder, `URL` and `TOKEN` in the environment. Prints a JSON
list of [operation, status], in the order of `generated_client.ts`.
"""

import importlib
import io
import json
import os
import re
from types import ModuleType
from typing import Any

models: ModuleType = importlib.import_module("client.models")
types: ModuleType = importlib.import_module("client.types")
made = importlib.import_module("client")
client = made.AuthenticatedClient(os.environ["URL"], os.environ["TOKEN"])
done: list[tuple[str, int]] = []
ROW = {"upload_id": "u", "checksum": "c", "checksum_on_disk": "d"}


def call(tag: str, operation: str, *path: str, **given: object) -> Any:
    """Call one operation; give what came of it."""
    snake = re.sub("([A-Z])", r"_\1", operation).lower()
    module = importlib.import_module(f"client.api.{tag}.{snake}")
    answer = module.sync_detailed(*path, client=client, **given)
    done.append((operation, int(answer.status_code)))
    return answer


def text(content: bytes) -> object:
    """Give content as the client takes it."""
    return types.File(payload=io.BytesIO(content))


for name in ("getHealth", "getReadiness", "getInterface", "getPlatform"):
    call("server", name)
wanted = models.RequestForTheLease(
    owner="ci", host="runner", job_url="", reason="apply", seconds=60
)
lease = call("lock", "acquireLock", body=wanted).parsed
call("lock", "renewLock", body=models.RenewalOfTheLease(fence=lease.fence, seconds=60))
storage = models.NewStorage(name="nas", label="", type_=models.Type.LOCAL, default_url="/data/nas")
fenced = {"reconciler_fence": lease.fence}
made = call("storages", "createStorage", body=storage, idempotency_key="k", **fenced)
id, tag = made.parsed.id, made.headers["ETag"]
found = call("storages", "getStorage", id)
assert found.parsed == made.parsed
page = call("storages", "listStorages", limit=10).parsed
assert page.storages == [made.parsed]
patch = models.ChangeOfAStorage(label="NAS")
assert call("storages", "updateStorage", id, body=patch, if_match=tag).parsed.label == "NAS"
assert (
    call("storages", "updateStorage", id, body=patch, if_match=tag).parsed.code.value == "changed"
)
rows = text(json.dumps(ROW).encode() + b"\n")
assert call("inventory", "recordInventory", id, body=rows).parsed.files == 1
told = call("inventory", "getInventory", id).parsed.payload.read()
assert [json.loads(line) for line in told.splitlines()] == [ROW]
assert call("storages", "removeStorage", id).parsed.code.value == "holds-files"
consent = models.RemoveStorageHoldsFiles.TRUE
call("storages", "removeStorage", id, holds_files=consent, if_match="*")
assert call("audit", "listChanges", limit=100).parsed.changes[-1].name == "nas"
assert call("lock", "getLock").parsed.fence == lease.fence
call("lock", "releaseLock", fence=lease.fence)
assert "reconciler_storages 0.0" in call("server", "getMetrics").parsed
print(json.dumps(done))
