"""Write docs/reference/http.md from schemas/openapi.yaml: `python docs/http.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "schemas" / "openapi.yaml"
PAGE = ROOT / "docs" / "reference" / "http.md"
#: What comes between the introduction and the requests.
CURL = ROOT / "docs" / "http-curl.txt"
#: Headers of every answer, which the introduction tells of.
ON_ALL = ("Reconciler-Version",)
METHODS = ("get", "post", "put", "patch", "delete")
HEAD = """\
# HTTP reference

Made from [`schemas/openapi.yaml`](../../schemas/openapi.yaml) and `docs/http-curl.txt` by
`python docs/http.py`; do not edit. [Run a state server](../run-a-state-server.md) tells how to set
one up.
"""


def page(document: dict[str, Any]) -> str:
    """Return the reference of an OpenAPI document."""
    parts = document["components"]
    lines = [HEAD, document["info"]["description"].strip(), ""]
    lines += [*text_of(parts["securitySchemes"]["token"]), *overview(document)]
    lines += [CURL.read_text(encoding="utf-8").rstrip("\n"), ""]
    for _, method, path in requests(document):
        lines += operation(method, path, document)
    lines += ["## Answers to any request", "", *answers(everywhere(document), document)]
    lines += ["## Schemas", ""]
    for name, schema in parts["schemas"].items():
        lines += value(name, schema, document)
    return "\n".join(lines).rstrip("\n") + "\n"


def requests(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield every request: what is said of it, its method, its path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield item[method], method, path


def everywhere(document: dict[str, Any]) -> dict[str, Any]:
    """Return the answers that every request which needs a token has in common."""
    closed = [told["responses"] for told, *_ in requests(document) if told.get("security") != []]
    return {
        status: answer
        for status, answer in closed[0].items()
        if all(other.get(status) == answer for other in closed)
    }


def overview(document: dict[str, Any]) -> Iterator[str]:
    """List the requests."""
    yield from ("| request | what it does |", "|---|---|")
    for told, method, path in requests(document):
        title = heading(method, path)
        anchor = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
        yield f"| [`{title}`](#{anchor.replace(' ', '-')}) | {cell(told['summary'])} |"
    yield ""


def heading(method: str, path: str) -> str:
    """Name a request."""
    return f"{method.upper()} {path}"


def operation(method: str, path: str, document: dict[str, Any]) -> Iterator[str]:
    """Describe one request: its parameters, its body, its answers."""
    item = document["paths"][path]
    told = item[method]
    yield from (f"## `{heading(method, path)}`", "", sentence(told["summary"]), "")
    yield from text_of(told)
    if told.get("security") == []:
        yield from ("Needs no token.", "")
    parameters = [*item.get("parameters", ()), *told.get("parameters", ())]
    if parameters:
        yield from ("| parameter | in | what it says | values |", "|---|---|---|---|")
        yield from (parameter(resolved(one, document), document) for one in parameters)
        yield ""
    if "requestBody" in told:
        body = resolved(told["requestBody"], document)
        yield from (f"Body: {contents(body, document)}.", "")
    common = everywhere(document)
    own = {k: v for k, v in told["responses"].items() if v != common.get(k)}
    yield from answers(own, document)


def answers(responses: Mapping[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """List answers by their status."""
    yield from ("| status | meaning | body |", "|---|---|---|")
    for status, answer in responses.items():
        whole = resolved(answer, document)
        named = [f"`{name}`" for name in whole.get("headers", ()) if name not in ON_ALL]
        meaning = cell(text(whole)) + (f" Headers: {', '.join(named)}." if named else "")
        yield f"| {status} | {meaning} | {contents(whole, document) or 'none'} |"
    yield ""


def parameter(told: dict[str, Any], document: dict[str, Any]) -> str:
    """Write the row of one parameter."""
    required = " **Required.**" if told.get("required") and told["in"] != "path" else ""
    schema = told.get("schema", {})
    return (
        f"| `{told['name']}` | {told['in']} | {cell(text(told))}{required} "
        f"| {cell(kind(schema, document))} |"
    )


def contents(body: dict[str, Any], document: dict[str, Any]) -> str:
    """Return what a body holds, and as what it is sent."""
    kinds = [
        f"{kind(content.get('schema', {}), document)} as `{name}`"
        for name, content in body.get("content", {}).items()
    ]
    return cell(" or ".join(kinds))


def value(name: str, schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Describe one schema of the components: a table for a map, else a sentence."""
    yield from (f"### {name}", "")
    yield from text_of(schema)
    if "properties" not in schema:
        yield from (f"{kind(schema, document)}.", "")
        return
    required = schema.get("required", ())
    yield from ("| key | what it says | values |", "|---|---|---|")
    for key, one in schema["properties"].items():
        whole = resolved(one, document)
        must = "" if key in required else " Optional."
        yield f"| `{key}` | {cell(text(whole))}{must} | {cell(kind(one, document))} |"
    yield ""


def kind(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """Return which values a schema allows."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            known = [one for one in schema[several] if one.keys() & {"$ref", "type"}]
            return " or ".join(kind(one, document) for one in known)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{item}`" for item in schema["enum"]) + limits(schema)
    if schema.get("format") == "date-time":
        return "time (RFC 3339)"
    types = schema.get("type", "object")
    listed = [types] if isinstance(types, str) else types
    words = {"array": "list", "boolean": "`true`, `false`", "object": "map", "null": "`null`"}
    told = " or ".join(words.get(item, item) for item in listed)
    if "items" in schema:
        told += f" of {kind(schema['items'], document)}"
    if "contentSchema" in schema:
        told += f" that holds a {kind(schema['contentSchema'], document)}"
    return told + limits(schema)


def limits(schema: dict[str, Any]) -> str:
    """Return how small or large a value may be, and what it is if left out."""
    low, high = schema.get("minimum"), schema.get("maximum")
    told = f", {low} to {high}" if low is not None and high is not None else ""
    if "default" in schema:
        default = schema["default"]
        told += f", default `{str(default).lower() if isinstance(default, bool) else default}`"
    return told


def resolved(told: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference; what stands beside it wins."""
    if "$ref" not in told:
        return told
    at: Any = document
    for part in told["$ref"].removeprefix("#/").split("/"):
        at = at[part]
    return resolved(at, document) | {k: v for k, v in told.items() if k != "$ref"}


def text_of(told: dict[str, Any]) -> Iterator[str]:
    """Give a description in its own lines, if there is one."""
    if "description" in told:
        yield from (told["description"].strip(), "")


def text(told: dict[str, Any]) -> str:
    """Return a description in one line."""
    return sentence(" ".join(told.get("description", "").split()))


def sentence(words: str) -> str:
    """End a sentence."""
    return words if not words or words.endswith((".", ":")) else f"{words}."


def cell(words: str) -> str:
    """Make a text fit the cell of a table."""
    return " ".join(words.split()).replace("|", "\\|")


def read() -> dict[str, Any]:
    """Read the OpenAPI document."""
    document: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    PAGE.write_text(page(read()), encoding="utf-8", newline="\n")
