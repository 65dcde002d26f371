"""The part of a forge's REST API that our files use, on loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.forge.hosting import Hosting

#: Takes a match of the path, the query and the content; gives a status and what is answered.
Answer = Callable[[re.Match[str], dict[str, str], dict[str, Any]], tuple[int, Any]]
#: Method, pattern of the path, which permission it needs, what answers.
Route = tuple[str, re.Pattern[str], str, Answer]


@contextmanager
def answering(hosting: Hosting, routes: list[Route]) -> Iterator[str]:
    """Serve routes while entered; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            form = "x-www-form-urlencoded" in self.headers.get("Content-Type", "")
            content = (
                {name: values[0] for name, values in parse_qs(raw.decode()).items()}
                if form
                else json.loads(raw or b"{}")
            )
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, told = self.routed(url.path, query, content)
            hosting.asked.append((self.command, url.path, status))
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def routed(
            self, path: str, query: dict[str, str], content: dict[str, Any]
        ) -> tuple[int, Any]:
            token = self.headers.get("PRIVATE-TOKEN") or self.headers.get(
                "Authorization", ""
            ).removeprefix("Bearer ")
            grant = hosting.grants.get(token)
            if grant is None:
                return 401, {"message": "Bad credentials"}
            for method, pattern, needed, answer in routes:
                found = pattern.fullmatch(path)
                if method != self.command or not found:
                    continue
                wanted, level = needed.split(":")
                if grant.permissions.get(wanted) not in (level, "write"):
                    return 403, {"message": f"needs {needed}"}
                return answer(found, query, {**content, "account": grant.account})
            return 404, {"message": f"Not Found: {self.command} {path}"}

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def paged(items: list[Any], query: dict[str, str]) -> list[Any]:
    """Give one page of a list: of thirty items, at most a hundred, as both forges do."""
    size = min(int(query.get("per_page", 30)), 100)
    page = int(query.get("page", 1))
    return items[(page - 1) * size : page * size]
