"""apprise, with real servers: what arrives, what is said of what does not, and never a secret."""

import logging
import socket
import threading
from queue import Queue as Mailbox

import pytest

from reconciler.environment.secret_values import Secret
from reconciler.errors import UsageError
from reconciler.notifying.lazily import Lazily
from reconciler.notifying.message import AGAIN, TAKEN, Message, Outcome
from reconciler.notifying.services import (
    CUT_OFF,
    NO_ANSWER_IN_TIME,
    NOT_REACHED,
    NOT_TAKEN,
    PARTLY,
    Service,
    recipients,
)
from reconciler.notifying.untold import Queue, Untold
from reconciler.report.watching.notifications import news
from reconciler.watching.conditions import DRIFT, Condition
from support.notified import mail_server, webhook

MAIL = "from=watch@example.org&mode=insecure"
TOKEN = "t0ken-of-the-hook"
TEXT = Message("drift: 'nas' (here)", "since 2026-11-30T09:00:00Z", "warning")
HOSTILE = "<img src=x> <!here> @channel [a](https://evil.example) **b** `c` &amp; www.evil.example"


def service(address):
    one = Lazily("team", Secret(address), Service)
    one.check()
    return one


@pytest.fixture
def logged():
    """Give all that a program with a log would see, down to the least."""
    seen, root = [], logging.getLogger()
    handler, level = logging.Handler(logging.NOTSET), root.level
    handler.emit = lambda record: seen.append(record.getMessage())
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    yield seen
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture(scope="module")
def hook():
    with webhook() as server:
        yield server


@pytest.fixture
def address(hook):
    return f"json://user:{TOKEN}@127.0.0.1:{hook.port}/{TOKEN}?cto=20"


def test_a_webhook_is_handed_the_text(hook, address):
    assert service(address).send(TEXT) == TAKEN
    told = hook.taken.get(timeout=5)
    assert (told["title"], told["message"], told["type"]) == (TEXT.first, TEXT.rest, "warning")
    assert told["attachments"] == []


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_refusal_is_told_by_its_status_alone(hook, address, status, logged, capfd):
    hook.status, hook.elsewhere = status, f"http://127.0.0.1:{hook.port}/elsewhere"
    try:
        assert service(address).send(TEXT) == Outcome(f"it was refused with status {status}")
    finally:
        hook.status = 200
    assert hook.taken.empty()
    assert logged == []
    assert capfd.readouterr() == ("", "")


def test_who_does_not_answer_is_waited_for_a_while_only(hook, address):
    hook.hangs = True
    try:
        hasty = service(f"{address}&rto=0.2")
        assert not hasty.may_be_taken
        assert hasty.send(TEXT) == Outcome(NO_ANSWER_IN_TIME, again=AGAIN)
    finally:
        hook.hangs = False


@pytest.mark.parametrize(
    "answer", [b" ", b"hello\r\n\r\n", b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nabc"]
)
def test_who_takes_a_text_and_breaks_may_have_taken_it(hook, address, answer):
    hook.breaks = answer
    try:
        assert service(address).send(TEXT) == Outcome(CUT_OFF, again=AGAIN)
    finally:
        hook.breaks = b""
    assert hook.taken.get(timeout=5)["title"] == TEXT.first


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"-", Outcome(CUT_OFF, again=AGAIN)),
        (b"421 not now\r\n", Outcome(NOT_TAKEN)),
        (b"554 never\r\n", Outcome(NOT_TAKEN)),
    ],
)
def test_a_mail_server_that_breaks_may_have_taken_a_mail_unless_it_says_no(answer, outcome):
    with mail_server() as server:
        server.breaks = answer
        address = f"mailto://127.0.0.1:{server.port}?{MAIL}&to=a@example.org"
        assert service(address).send(TEXT) == outcome


@pytest.mark.parametrize(
    ("address", "seconds"),
    [
        ("json://h", (30.0, 30.0)),
        ("json://h?rto=4&cto=7", (7.0, 4.0)),
        ("mailto://h?from=a@example.org", (30.0, 30.0)),
    ],
)
def test_who_is_slow_has_half_a_minute_unless_the_address_says_otherwise(address, seconds):
    assert service(address)._made._sender[0].request_timeout == seconds


def test_a_mail_server_that_takes_a_mail_and_does_not_answer_may_have_taken_it():
    with mail_server() as server:
        server.hangs = True
        address = f"mailto://127.0.0.1:{server.port}?{MAIL}&to=a@example.org&cto=0.2"
        assert service(address).send(TEXT) == Outcome(NO_ANSWER_IN_TIME, again=AGAIN)
        assert server.taken.qsize() == 1
        server.silent = True
        assert service(address).send(TEXT) == Outcome(NOT_REACHED)


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
def test_a_mail_server_that_hangs_before_it_is_handed_a_mail_has_surely_none(step):
    with mail_server() as server:
        server.silent_at = (step,)
        address = f"mailto://127.0.0.1:{server.port}?{MAIL}&to=a@example.org&cto=0.2"
        assert service(address).send(TEXT) == Outcome(NOT_REACHED)
        server.silent_at = ()
        assert service(address).send(TEXT) == TAKEN


def test_while_it_waits_for_an_answer_a_message_may_be_taken(hook, address):
    hook.hangs, hook.asked = True, Mailbox()
    patient = service(f"{address}&rto=20")
    sending = threading.Thread(target=patient.send, args=(TEXT,), daemon=True)
    try:
        sending.start()
        hook.asked.get(timeout=10)
        assert patient.may_be_taken
    finally:
        hook.hangs = False
        hook.released.set()
    sending.join(20)
    hook.released.clear()
    assert not patient.may_be_taken


def test_a_server_that_hangs_before_the_lines_are_secret_was_sent_nothing():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        secure = service(f"jsons://127.0.0.1:{mute.getsockname()[1]}?cto=0.2&rto=0.2")
        assert secure.send(TEXT) == Outcome(NOT_REACHED)


def test_what_is_taken_in_part_is_not_sent_again(address, monkeypatch):
    """As by a service whose recipients nobody knows, or that takes the first piece of two."""
    whole = service(address)
    plugin, answers = whole._made._sender[0], [True, False]
    monkeypatch.setattr(type(plugin), "body_maxlen", 200)

    def send(**_):
        taken = answers.pop(0)
        if taken:
            plugin.logger.info("Sent JSON POST notification.")
        return taken

    monkeypatch.setattr(plugin, "send", send)
    assert whole.send(Message("first", "word " * 60)) == Outcome(PARTLY, again=0)
    assert answers == []


def test_nobody_there_and_a_name_that_nobody_knows():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert service(f"json://127.0.0.1:{port}/{TOKEN}").send(TEXT) == Outcome(NOT_REACHED)
    assert service(f"json://{TOKEN}.invalid").send(TEXT) == Outcome(NOT_REACHED)


def test_a_service_that_breaks_says_nothing_of_why(address, monkeypatch):
    broken = service(address)

    def breaks(*_, **__):
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(broken._made._sender, "notify", breaks)
    assert broken.send(TEXT) == Outcome(f"{NOT_TAKEN} (RuntimeError)")


@pytest.mark.parametrize("address", [f"nosuch://{TOKEN}", f"slack://{TOKEN}", "json://"])
def test_an_address_that_is_none_is_refused_and_not_shown(address, logged, capfd):
    with pytest.raises(UsageError, match="the address of 'team': apprise knows no") as refused:
        service(address)
    assert TOKEN not in str(refused.value)
    assert (
        Lazily("team", Secret(address), Service)
        .send(TEXT)
        .problem.startswith("apprise knows no such address")
    )
    assert logged == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_hostile_names_are_text_in_each_format(hook, address, form):
    what = Untold(Condition(DRIFT, "x", "", HOSTILE), "2026-11-30T09:00:00Z", began=1)
    message = news("here", Queue((what,)))
    assert service(f"{address}&format={form}").send(message) == TAKEN
    told = hook.taken.get(timeout=5)
    for text in (told["title"], told["message"]):
        active = [one for one in ("<img", "<!", "@c", "](", "://", "www.") if one in text]
        assert active == []
    if form == "html":
        assert "<\u200bimg" not in told["message"]  # it is escaped besides
    if form == "markdown":
        assert "\\*\\*b\\*\\*" in told["message"]


def test_a_mail_has_a_subject_and_the_text():
    with mail_server() as server:
        options = "from=watch@example.org&to=ada@example.org&mode=insecure"
        assert service(f"mailto://127.0.0.1:{server.port}?{options}").send(TEXT) == TAKEN
        mail = server.taken.get(timeout=5)
    assert mail["Subject"] == TEXT.first
    assert "ada@example.org" in mail["To"]
    assert TEXT.rest in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("json://h/a,b?retry=2", 1),
        (f"mailto://h?{MAIL}&to=a@example.org", 1),
        (f"mailto://h?{MAIL}&to=a@example.org,b@example.org&cc=c@example.org&bcc=d@example.org", 4),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#a/#b", 2),
        ("rocket://u:p@h/#a/@b/c", 3),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/1231554", 2),
    ],
)
def test_recipients_at_an_address_are_sent_to_one_by_one(address, number):
    assert len({*recipients(Secret(address))}) == number
    for one in range(number):
        assert len(Service(Secret(address), one)._sender[0]) == 1
    if number > 1:
        with pytest.raises(UsageError, match="fewer recipients"):
            Service(Secret(address), number)


def test_a_recipient_is_known_again_whoever_stands_beside_it():
    each = [
        recipients(Secret(f"mailto://h?{MAIL}&to={people}"))
        for people in (
            "b@example.org,a@example.org",
            "a@example.org",
            "a@example.org,c@example.org",
        )
    ]
    assert each[0][1:] == each[1] == each[2][:1]
    assert "example" not in str(each)


def test_who_takes_a_mail_is_sent_none_for_somebody_who_does_not():
    with mail_server() as server:
        server.refuses = ("b@example.org",)
        address = f"mailto://127.0.0.1:{server.port}?{MAIL}&to=a@example.org&cc=b@example.org"
        sent = [Service(Secret(address), one).send(TEXT) for one in range(2)]
        assert sent == [TAKEN, Outcome(NOT_TAKEN)]
        assert server.taken.get(timeout=5)["To"] == "a@example.org"
        assert server.taken.empty()
