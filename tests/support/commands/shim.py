"""A small program that has a waiting process run the command, with the streams that it has itself.

So do shells, and scripts that documents show: they find it in their PATH under the command's name.
It imports next to nothing, and ends as the command does.
"""

import _socket
import array
import os
import signal
import sys

#: Where the waiting processes listen, and the command's own path; see `support.commands.warm`.
LIGHT, LARGE, COMMAND, USING = "@LIGHT@", "@LARGE@", "@COMMAND@", "@USING@".split()  # noqa: SIM905 - filled in
PID = 12


def main() -> int:
    """Send the request; pass signals on until the command has ended."""
    arguments = sys.argv[1:]
    channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    channel.connect(LARGE if any(word in USING for word in arguments) else LIGHT)
    told, theirs = os.pipe()
    mask = os.umask(0)
    line = [COMMAND, *arguments]
    variables = [b"%b=%b" % pair for pair in os.environb.items()]
    words = [f"{mask:o}", os.getcwd(), str(len(line)), *line, *variables]  # noqa: PTH109 - dear
    streams = array.array("i", [0, 1, 2, theirs])
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)
    channel.sendmsg([b"\0".join(map(os.fsencode, words))], [rights])
    os.close(theirs)
    pid = int(os.read(told, PID))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    code = int(os.read(told, PID))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
