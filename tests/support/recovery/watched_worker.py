"""What tests have workers of Dask load first: it notes which files they open, and kills on demand.

Names of files that begin with `seen-` go to the file `SEEN_IN`. When such a file is opened and
there is a file `KILLS`, the process of the number in it is killed, once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

SEEN, KILLS = Path(os.environ["SEEN_IN"]), Path(os.environ["KILLS"])


def opened(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], bytes | str):
        return
    name = os.path.basename(os.fsencode(arguments[0]))  # noqa: PTH119 - it is bytes
    if name.startswith(b"seen-"):
        descriptor = os.open(SEEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, name + b"\n")
        os.close(descriptor)
        if name.startswith(b"seen-deadly") and KILLS.exists():
            process = int(KILLS.read_text())
            KILLS.unlink()
            os.kill(process, signal.SIGKILL)


sys.addaudithook(opened)
