"""The HTTP platform and the real state server: tokens, leases, lost answers, and TLS."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.environment.secret_values import Secret
from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Holder
from reconciler.model import Storage, Values
from reconciler.platform import Platform, Writer
from reconciler.platforms import open_platform
from reconciler.platforms.http import pages
from support.commands.starting import COMMAND, start
from support.faults.fault_proxy import DROP_AFTER, DROP_BEFORE, PASS, FaultProxy, scripted
from support.faults.scripted_server import TLS
from support.server.state_server import StateServer, environment, make_token

NAS = Values("nas", "NAS", "local", "file:///data/nas")
ALICE, BOB = Holder("alice", reason="apply"), Holder("bob")


def opened(url: str, token: str | None = None) -> Platform:
    return open_platform(url, base=None, environ={}, token=Secret(token) if token else None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StateServer]:
    with StateServer(f"sqlite:///{tmp_path}/server.db") as started:
        yield started


@pytest.fixture
def writer(server: StateServer) -> Iterator[Writer]:
    with closing(opened(server.url).writer(wait=0)) as writer:
        yield writer


# Answers that get lost


def test_a_create_whose_answer_was_lost_is_made_once(server: StateServer, writer: Writer) -> None:
    creating = scripted(DROP_BEFORE, DROP_AFTER, PASS, of=lambda r: r.method == "POST")
    with (
        FaultProxy(int(server.url.rpartition(":")[2]), creating) as proxy,
        closing(opened(proxy.url).writer(wait=0)) as faulty,
    ):
        for _ in range(2):
            with pytest.raises(UnknownOutcomeError):
                faulty.create(NAS, key="k1")
        made = faulty.create(NAS, key="k1")
        assert writer.read().storages == (made,)
        with pytest.raises(PlatformError, match="HTTP 422"):
            faulty.create(replace(NAS, label="other"), key="k1")
        with pytest.raises(ConflictError, match="'nas' is taken"):
            faulty.create(NAS, key="k2")


def test_a_server_that_is_gone_is_not_available(server: StateServer, writer: Writer) -> None:
    writer.create(NAS)
    server.kill()
    with pytest.raises(PlatformError):
        writer.read()
    for ask in (writer.read, lambda: writer.create(NAS)):
        with pytest.raises(UnavailableError, match="nothing listens"):
            ask()


# Changes by others, meanwhile


def test_a_list_is_of_one_moment_although_others_write(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LIMIT", 2)
    made = {writer.create(replace(NAS, name=f"n{i}")) for i in range(5)}
    decode = pages.decode_storages
    others = iter([replace(NAS, name="late"), replace(NAS, name="later")])

    def slowly(body) -> list[Storage]:
        for values in others:
            made.add(writer.create(values))
            break
        return decode(body)

    monkeypatch.setattr(pages, "decode_storages", slowly)
    assert set(writer.read().storages) == made
    assert len(made) == 7


def test_files_that_come_in_meanwhile_are_no_conflict(server: StateServer, writer: Writer) -> None:
    with closing(opened(server.url).writer(wait=0)) as other:
        writer.create(NAS)
        (found,) = writer.find(name="nas")
        (found,) = writer.find(id=found.id)
        other.record_inventory(found.id, [("u1", "a", "b")])
        updated = writer.update(found, name=None, label="new")
        other.record_inventory(found.id, [("u2", "a", "b")])
        with pytest.raises(ConflictError, match="holds files"):
            writer.remove(updated, holds_files=False)
        other.record_inventory(found.id, [("u3", "a", "b")])
        writer.remove(updated, holds_files=True)
        assert writer.read().storages == ()


# The lease


def test_writes_under_a_lease_that_was_taken_away_are_refused(server: StateServer) -> None:
    platform = opened(server.url)
    with closing(platform.lock()) as lock, closing(platform.lock()) as other:
        assert lock.current() is None
        lease = lock.acquire(ALICE, 60)
        assert lease.holder == ALICE
        with pytest.raises(PlatformBusyError, match=r"locked by 'alice'.*reason 'apply'"):
            other.acquire(BOB, 60)
        renewed = lock.renew(lease, 120)
        assert renewed.expires_at > lease.expires_at
        assert other.current() == renewed
        with closing(platform.writer(wait=0, lease=lease)) as writer:
            made = writer.create(NAS)
            assert other.break_lease(lease)
            assert not other.break_lease(lease)
            taken = other.acquire(BOB, 60)
            assert taken.fence > lease.fence
            for write in (
                lambda: writer.create(replace(NAS, name="x")),
                lambda: writer.update(made, name="x", label=None),
                lambda: writer.remove(made, holds_files=True),
                lambda: writer.record_inventory(made.id, [("u", "a", "b")]),
            ):
                with pytest.raises(LeaseLostError):
                    write()
            assert writer.read().storages == (made,)
            assert list(writer.inventory(made.id)) == []
        with pytest.raises(LeaseLostError, match="it is now that of 'bob'"):
            lock.renew(lease, 60)
        lock.release(lease)
        assert other.current() == taken
        other.release(taken)
        assert lock.current() is None


# Tokens


def test_roles(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/server.db"
    tokens = {role: make_token(database, role, f"the {role}") for role in ("reader", "operator")}
    with StateServer(database) as server:
        for role, token in tokens.items():
            with closing(opened(server.url, token).reader()) as reader:
                about = reader.about()
                assert (about.account, about.role) == (f"the {role}", role)
                assert about.may_write is (role != "reader")
                assert reader.read().account == f"the {role}"
        reading, writing = (opened(server.url, tokens[role]) for role in ("reader", "operator"))
        denied = pytest.raises(PlatformError, match=r"role is 'reader'.* need the role operator")
        with closing(reading.writer(wait=0)) as writer, denied:
            writer.create(NAS)
        with closing(writing.lock()) as lock:
            lease = lock.acquire(ALICE, 60)
            with pytest.raises(PlatformError, match=r"role is 'operator'.* needs admin"):
                lock.break_lease(lease)
            lock.release(lease)
        with closing(writing.writer(wait=0)) as writer:
            assert writer.create(NAS).name == "nas"


def test_tokens_that_do_not_count(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/server.db"
    token = make_token(database, "admin", "gone")
    with StateServer(database) as server:
        wrong = [f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}", "rct_nobody_secret", "x"]
        revoke = [COMMAND, "token", "revoke", token.split("_")[1]]
        settings = environment(RECONCILER_DATABASE=database)
        with closing(opened(server.url, token).reader()) as reader:
            reader.read()
            subprocess.run(revoke, env=settings, check=True, capture_output=True)
            for text in (token, *wrong):
                asked = reader if text == token else opened(server.url, text).reader()
                with pytest.raises(PlatformError, match="does not accept the token") as caught:
                    asked.read()
                assert text == "x" or text not in str(caught.value)
                assert not caught.value.transient
                asked.close()
        needed = pytest.raises(PlatformError, match="needs a token")
        with closing(opened(server.url).reader()) as reader, needed:
            reader.read()
        assert token not in server.log


# The installed command


def command(folder: Path, *line: str, code: int = 0, **variables: str) -> str:
    process = start(line, environment(**variables), folder, subprocess.PIPE, subprocess.PIPE)
    told = b"".join(process.communicate(timeout=60)).decode()
    assert process.returncode == code, told
    return told


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_plan_and_apply(tmp_path: Path, tls: bool) -> None:
    database = f"sqlite:///{tmp_path}/server.db"
    options = ["--tls-cert", str(TLS / "localhost.pem"), "--tls-key", str(TLS / "localhost.key")]
    with StateServer(database, *(options if tls else []), token="operator") as server:
        (tmp_path / "storages.yaml").write_text(
            f"version: 1\nplatform: {server.url}/\n"
            "storages: [{name: nas, type: local, default_url: /data/nas}]\n"
        )
        assert server.token
        (tmp_path / "token").write_text(f"{server.token}\n")
        settings = {"RECONCILER_TOKEN": server.token}
        if tls:
            told = command(tmp_path, "plan", code=1, **settings)
            assert "certificate is not to be trusted" in told
            settings["SSL_CERT_FILE"] = str(TLS / "localhost.pem")
        told = command(tmp_path, "plan", "--out", "plan.json", **settings)
        assert "Plan: 1 to create" in told
        told += command(tmp_path, "apply", "plan.json", **settings)
        told += command(tmp_path, "plan", **settings)
        assert "No changes" in told
        told += command(
            tmp_path,
            "list",
            RECONCILER_TOKEN_FILE="token",
            **{name: text for name, text in settings.items() if name != "RECONCILER_TOKEN"},
        )
        told += command(tmp_path, "list", code=1, **{**settings, "RECONCILER_TOKEN": "rct_a_b"})
        assert "does not accept the token" in told
    secret = server.token.split("_", 2)[2]
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "token"]
    assert any(path.name == "plan.json" for path in kept)
    assert secret not in told + server.log
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


def test_many_readers_of_one_server(server: StateServer, writer: Writer) -> None:
    """More threads than connections of a pool wait for each other, and all are answered."""
    made = writer.create(NAS)
    seen: list[tuple[Storage, ...]] = []
    threads = [
        threading.Thread(target=lambda: seen.append(writer.find(id=made.id))) for _ in range(150)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert seen == [(made,)] * 150
