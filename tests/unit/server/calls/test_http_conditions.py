"""Conditional requests, by RFC 9110."""

import pytest

from support.platforms.http_values import create, ndjson, problem, record

MATCHING = ['"1"', "*", '"0", "1"', '"x","1"', 'W/"1", "1"', '"0" ,  "1"']
NOT_MATCHING = ['"2"', 'W/"1"', '"01"', '"x", "y"', 'W/"1", "2"', '""', '"99999999999999999"']
MALFORMED = ["1", "", '"1', '"1" "2"', '*, "1"', "'1'", '"a b"', '"1 "', 'w/"1"', '"1",']


@pytest.mark.parametrize("condition", MATCHING)
def test_a_write_is_done_if_its_condition_holds(client, condition):
    id = create(client)["id"]
    changed = client.patch(
        f"/v1/storages/{id}", json={"label": "B"}, headers={"If-Match": condition}
    )
    assert changed.status_code == 200


@pytest.mark.parametrize("condition", NOT_MATCHING)
def test_nothing_is_written_if_the_condition_does_not_hold(server, client, condition):
    id = create(client)["id"]
    headers = {"If-Match": condition}
    url = f"/v1/storages/{id}"
    for answer in (
        client.patch(url, json={"label": "B"}, headers=headers),
        client.delete(url, headers=headers),
        record(client, id, ndjson([("u", "c", "d")]), **headers),
    ):
        assert problem(answer) == (412, "changed")
    assert server.store.revision() == 1


@pytest.mark.parametrize("condition", MALFORMED)
def test_a_condition_that_cant_be_understood_is_an_error(server, client, condition):
    id = create(client)["id"]
    refused = client.patch(
        f"/v1/storages/{id}", json={"label": "B"}, headers={"If-Match": condition}
    )
    assert problem(refused) == (400, "malformed")
    read = client.get(f"/v1/storages/{id}", headers={"If-None-Match": condition})
    assert problem(read) == (400, "malformed")
    assert server.store.revision() == 1


def test_several_headers_are_one_list(client):
    id = create(client)["id"]
    headers = [("If-Match", '"7"'), ("If-Match", '"1"')]
    assert client.patch(f"/v1/storages/{id}", json={"label": "B"}, headers=headers).is_success


@pytest.mark.parametrize("condition", ['"1"', "*", 'W/"1"', '"0", W/"1"'])
def test_a_read_is_not_repeated(client, condition):
    id = create(client)["id"]
    for url in (f"/v1/storages/{id}", f"/v1/storages/{id}/inventory"):
        answer = client.get(url, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == '"1"'
        assert client.get(url, headers={"If-None-Match": '"2"'}).status_code == 200


def test_the_tag_covers_the_inventory(client):
    id = create(client)["id"]
    record(client, id, ndjson([("u", "c", "d")]))
    refused = client.delete(f"/v1/storages/{id}?holds_files=true", headers={"If-Match": '"1"'})
    assert problem(refused) == (412, "changed")
    assert client.get(f"/v1/storages/{id}").headers["ETag"] == '"2"'


@pytest.mark.parametrize("condition", ["*", '"1"'])
def test_an_unknown_storage_is_not_found_whatever_the_condition(client, condition):
    refused = client.patch("/v1/storages/x", json={"label": "B"}, headers={"If-Match": condition})
    assert problem(refused) == (404, "not-found")
