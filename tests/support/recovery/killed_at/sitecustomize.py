"""Kills the command that finds this on its path, just before it touches the disk the nth time.

What is counted is what a scan does once it has begun: `KILLED_AT` says when; the number of all that
it did goes to the file `COUNTED_IN`.
"""

import atexit
import os
import signal
import sys

AT = int(os.environ["KILLED_AT"])
TOUCHES = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.scandir"}
count = 0


def touched(event: str, _: object) -> None:
    global count  # noqa: PLW0603 - there is one process to be killed
    if event in TOUCHES and "reconciler.recovery.scanning.run" in sys.modules:
        count += 1
        if count == AT:
            os.kill(os.getpid(), signal.SIGKILL)


def tell() -> None:
    with open(os.environ["COUNTED_IN"], "w") as file:  # noqa: PTH123
        file.write(str(count))


if os.environ.get("COUNTED_IN"):
    atexit.register(tell)
sys.addaudithook(touched)
