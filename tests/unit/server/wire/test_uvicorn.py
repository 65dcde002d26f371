"""What the server uses of uvicorn's private protocol: a new uvicorn that has none of it shows here.

`reconciler/server/wire/protocol.py` builds on these names. If one is gone or takes other arguments,
read uvicorn's `httptools_impl.py` anew before its upper bound in `pyproject.toml` is raised.
"""

import ast
import inspect
import textwrap
from pathlib import Path

import pytest
from uvicorn import Config
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import ServerState

from reconciler.server.wire import protocol

#: Methods that ours overrides or calls, and what they take besides `self`.
METHODS = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "pause_writing": [],
    "resume_writing": [],
    "on_message_begin": [],
    "on_url": ["url"],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_message_complete": [],
    "send_400_response": ["msg"],
}
FIELDS = {
    "client", "cycle", "flow", "headers", "logger", "loop", "parser", "pipeline", "scope",
    "server_state", "transport", "url",
}  # fmt: skip
OF_A_CYCLE = {
    "disconnected", "keep_alive", "message_event", "more_body", "response_complete",
    "response_started",
}  # fmt: skip


def names_after(source, owners):
    """Give the attributes that code uses of names such as `self` and `self.cycle`."""
    tree = ast.parse(textwrap.dedent(source))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in found if ast.unparse(node.value) in owners}


def test_the_list_is_what_the_protocol_uses():
    source = Path(protocol.__file__).read_text(encoding="utf-8")
    ours = set(vars(protocol.LimitedProtocol)) | {"_asked", "_head", "_lag"}
    assert names_after(source, {"self"}) - ours <= FIELDS
    assert names_after(source, {"super()"}) <= set(METHODS)
    assert names_after(source, {"cycle", "self.cycle", "self._asked[0]"}) == OF_A_CYCLE


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_as_ours_expects_them(name):
    method = getattr(httptools_impl.HttpToolsProtocol, name, None)
    assert method is not None, f"uvicorn's protocol has no {name} any more"
    assert list(inspect.signature(method).parameters)[1:] == METHODS[name]


def test_fields_are_there():
    config = Config(lambda: None, http=httptools_impl.HttpToolsProtocol, log_config=None)
    made = httptools_impl.HttpToolsProtocol(config, ServerState(), {}, object())
    assert {name for name in FIELDS - {"url"} if not hasattr(made, name)} == set()
    made.on_message_begin()
    assert made.url == b""
    assert set(ServerState().__dict__) >= {"connections", "tasks", "default_headers"}


def test_fields_of_a_cycle_are_there():
    source = inspect.getsource(httptools_impl.RequestResponseCycle.__init__)
    assert names_after(source, {"self"}) >= OF_A_CYCLE
