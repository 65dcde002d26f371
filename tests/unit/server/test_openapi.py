"""`schemas/openapi.yaml` tells what the server does: operations, codes, limits."""

import re

import pytest
import yaml

from reconciler.schemas import schema_text
from reconciler.server.app import make_app
from reconciler.server.calls.problems import CODES

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(schema_text("openapi"))


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def test_it_describes_every_operation_and_no_other(document, client):
    told = {(path, method.upper()) for path, method, _ in operations(document)}
    served = set()
    for path in document["paths"]:
        allowed = client.options(path.replace("{id}", "x")).headers["Allow"].split(", ")
        served |= {(path, method) for method in set(allowed) - {"HEAD", "OPTIONS"}}
    assert told == served


def test_it_describes_every_resource(document, kept):
    router = make_app(kept)._app
    assert {route.path for route in router.routes} == set(document["paths"])


def test_it_names_every_code_with_its_status(document):
    listed = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert listed == sorted(CODES, key=listed.index)
    assert len(listed) == len(CODES)


def test_every_operation_has_a_name_a_summary_and_its_errors(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert {"400", "405", "408", "414", "431"} <= set(operation["responses"])
        if operation.get("requestBody"):
            assert {"413", "415"} <= set(operation["responses"])
        if operation.get("security") != []:
            assert {"401", "421", "500", "503"} <= set(operation["responses"])


def test_every_reference_leads_somewhere(document):
    references = set(re.findall(r'\$ref: "?#/([^"}\s]+)', schema_text("openapi").decode()))
    assert references
    for reference in references:
        found = document
        for part in reference.split("/"):
            found = found[part]
    defined = {
        f"components/{kind}/{name}"
        for kind, members in document["components"].items()
        if kind != "securitySchemes"
        for name in members
    }
    assert defined == references
