"""`docs/reference/http.md` says what `schemas/openapi.yaml` says."""

import importlib.util

from support.repository import DOCS

SCRIPT = DOCS / "http.py"
spec = importlib.util.spec_from_file_location("docs_http", SCRIPT)
assert spec is not None
assert spec.loader is not None
http = importlib.util.module_from_spec(spec)
spec.loader.exec_module(http)


def test_it_is_up_to_date():
    assert http.PAGE.read_text(encoding="utf-8") == http.page(http.read()), (
        "run python docs/http.py"
    )


def test_every_request_is_described():
    written = http.PAGE.read_text(encoding="utf-8")
    requests = [
        f"{method.upper()} {path}"
        for path, item in http.read()["paths"].items()
        for method in item.keys() & set(http.METHODS)
    ]
    assert "GET /v1/storages" in requests
    assert [name for name in requests if f"\n## `{name}`\n" not in written] == []


def test_a_change_of_the_source_changes_the_page():
    document = http.read()
    document["paths"]["/v1/storages"]["get"]["summary"] = "Something else"
    assert http.page(document) != http.PAGE.read_text(encoding="utf-8")
