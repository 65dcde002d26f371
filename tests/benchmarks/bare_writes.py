"""Yardstick: the writes of a plan, one after the other, with nothing around them.

They go through the platform's own writer, so that each is as durable as in an apply; no lease, no
journal, nothing read before. Prints the seconds from the first write to the last.
"""

import sys
import time
from pathlib import Path

from reconciler.model import Storage
from reconciler.plan.document import CREATE, REMOVE, Operation
from reconciler.plan.file import from_json
from reconciler.platform import Writer
from reconciler.platforms import open_platform


def write(writer: Writer, operation: Operation) -> None:
    before, after = operation.before, operation.after
    if operation.action == CREATE:
        writer.create(after)
        return
    live = Storage(operation.id, before.name, before.label, before.type, before.default_url)
    if operation.action == REMOVE:
        writer.remove(live, holds_files=False)
    else:
        name = after.name if after.name != before.name else None
        writer.update(live, name=name, label=after.label if after.label != before.label else None)


plan = from_json(Path(sys.argv[1]).read_bytes())
opened = open_platform(plan.platform, base=None).writer(wait=0)
begin = time.perf_counter()
for each in plan.operations:
    write(opened, each)
print(time.perf_counter() - begin)
opened.close()
