"""Tokens and the audit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from reconciler.server.store.refusals import NameTakenError, NotFoundError, RefusedValueError
from reconciler.server.store.store import Store
from reconciler.server.store.values import Token
from support.server.storing import ANN, BOB, author_of, create, inventory, record, remove, update

DIGEST = sha256(b"secret").digest()
END = "2030-01-01T00:00:00Z"


def token(store: Store, id: str = "t1", **changes) -> Token:
    given = {"digest": DIGEST, "name": "ci", "role": "operator", "expires_at": None, **changes}
    return store.create_token(id, given.pop("digest"), **given, author=BOB)


def test_a_token_is_kept_with_its_digest(store: Store, other: Store) -> None:
    assert not store.has_tokens()
    made = token(store, expires_at=END)
    assert (made.id, made.name, made.role, made.expires_at) == ("t1", "ci", "operator", END)
    assert made.created_at.endswith("Z")
    assert made.revoked_at is None
    assert other.has_tokens()
    assert other.token("t1") == (made, DIGEST)
    assert other.tokens() == (made,)
    assert other.token("t2") is None


def test_tokens_are_listed_oldest_first(store: Store) -> None:
    made = [token(store, id, name=id) for id in ("z", "a", "m")]
    assert store.tokens() == tuple(made)


def test_a_revoked_token_stays_in_the_list_for_ever(store: Store) -> None:
    token(store)
    revoked = store.revoke_token("t1", ANN)
    assert revoked.revoked_at
    revision = store.revision()
    assert store.revoke_token("t1", BOB) == revoked
    assert store.revision() == revision
    assert store.tokens() == (revoked,)
    assert store.token("t1") == (revoked, DIGEST)
    assert store.has_tokens()


def test_an_unknown_token_cannot_be_revoked(store: Store) -> None:
    with pytest.raises(NotFoundError, match="'nothing'"):
        store.revoke_token("nothing", ANN)


def test_one_token_of_a_name_works_at_a_time(store: Store, other: Store) -> None:
    made = token(store)
    with pytest.raises(NameTakenError, match=r"'ci' that works \(ID t1\): revoke it first"):
        token(other, "t2")
    assert store.tokens() == (made,)
    assert store.revision() == 1
    other.revoke_token("t1", ANN)
    token(store, "t2", expires_at="2020-01-01T00:00:00Z")
    token(store, "t3", expires_at=END)
    with pytest.raises(NameTakenError, match="ID t3"):
        token(other, "t4")
    assert [made.id for made in store.tokens()] == ["t1", "t2", "t3"]


def test_of_many_that_ask_for_a_name_one_gets_it(store: Store, other: Store) -> None:
    def ask(number: int) -> bool:
        try:
            token((store, other)[number % 2], f"t{number}")
        except NameTakenError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [False] * 7 + [True]
    assert len(store.tokens()) == 1


@pytest.mark.parametrize(
    "wrong", [{"role": "king"}, {"name": ""}, {"name": "n" * 201}, {"digest": b"short"}, {"id": ""}]
)
def test_a_token_that_makes_no_sense_is_refused(store: Store, wrong) -> None:
    with pytest.raises(RefusedValueError):
        token(store, **wrong)
    assert not store.has_tokens()
    assert store.revision() == 0


def test_an_id_is_given_to_one_token_only(store: Store) -> None:
    made = token(store)
    with pytest.raises(RefusedValueError, match="'t1'"):
        token(store, name="thief")
    assert store.tokens() == (made,)


def test_the_audit_of_tokens_tells_no_digest(store: Store) -> None:
    token(store)
    store.revoke_token("t1", ANN)
    made, revoked = store.changes(after=0, limit=9).changes
    assert (made.action, made.name, author_of(made)) == ("token_created", "ci", BOB)
    assert made.after == {"id": "t1", "name": "ci", "role": "operator"}
    assert (revoked.action, author_of(revoked)) == ("token_revoked", ANN)
    assert DIGEST.hex() not in repr((made, revoked))


def test_every_write_is_one_line_of_the_audit(store: Store) -> None:
    made = create(store, author=BOB).storage
    update(store, made.id, name="new")
    record(store, made.id, [("u", "c", "d"), ("v", "c", "d")])
    record(store, made.id, [("u", "x", "d"), ("w", "c", "d"), ("v", "c", "d")])
    remove(store, made.id, holds_files=True)
    whole = {
        field: getattr(made, field)
        for field in ("id", "name", "label", "type", "default_url", "created_at")
    }
    changes = store.changes(after=0, limit=9).changes
    assert [(c.action, c.name, c.before, c.after) for c in changes] == [
        ("create", "nas", None, whole),
        ("update", "new", {"name": "nas"}, {"name": "new"}),
        ("record_inventory", "new", {"files": 0}, {"files": 2, "recorded": 2}),
        ("record_inventory", "new", {"files": 2}, {"files": 3, "recorded": 2}),
        ("remove", "new", {**whole, "name": "new", "files": 3}, None),
    ]
    assert [change.revision for change in changes] == [1, 2, 3, 4, 5]
    assert {change.storage_id for change in changes} == {made.id}
    assert (author_of(changes[0]), author_of(changes[1])) == (BOB, ANN)
    assert changes[0].at == made.created_at


def test_the_audit_is_read_in_parts(store: Store) -> None:
    for n in range(5):
        create(store, f"s{n}")
    assert [change.revision for change in store.changes(after=2, limit=2).changes] == [3, 4]
    assert store.changes(after=5, limit=2).changes == ()


def test_the_audit_of_a_name_knows_renames(store: Store) -> None:
    one, two = create(store, "one").storage.id, create(store, "two").storage.id
    update(store, one, label="x")
    update(store, one, name="three")
    update(store, two, name="one")
    token(store, name="one")
    assert [change.revision for change in store.changes(after=0, limit=9, name="one").changes] == [
        1,
        3,
        4,
        5,
    ]
    assert [change.revision for change in store.changes(after=3, limit=1, name="one").changes] == [
        4
    ]
    assert inventory(store, one) == []
