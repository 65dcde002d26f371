"""The door to apprise, which knows some hundred services; nothing else imports it.

What it logs, and what its errors say, may hold parts of addresses: none of it is shown. What is
told of a failure is a status of HTTP, or one of few words.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import re
import smtplib
import threading
import warnings
from collections.abc import Callable
from typing import Any

import apprise
import urllib3.connection

from reconciler.environment.secret_values import Secret
from reconciler.errors import UsageError
from reconciler.notifying.message import AGAIN, TAKEN, Message, Outcome

#: Loggers of apprise, and of what it sends by.
_LOGGERS = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")
_CODE = re.compile(r"error[=: ]+([1-5][0-9]{2})\b")
_NOT_REACHED = re.compile(r"(?i)connection (?:error|refused)|socket|timed? ?out")
#: What a library says when it has sent, and waited for the answer.
_NO_ANSWER = re.compile(
    r"(?s)Socket Exception: (?:.*\bRead timed out|(?:.*: )?timed out$|The read operation)"
)
#: With what it begins what it says of a connection that came to no good end.
_CUT = "Socket Exception"
#: A mail server that was not even greeted.
_NOT_SENT = re.compile("Connection error while submitting email")
_one_by_one = threading.Lock()
#: What is done as somebody who sends comes to a step.
_Step = Callable[[], object]
NOT_REACHED, NOT_TAKEN = "it can't be reached", "it was not taken"
NO_ANSWER_IN_TIME = "no answer came in time, so nobody knows whether it was taken"
CUT_OFF = "the connection ended without an answer, so nobody knows whether it was taken"
PARTLY = "a part was taken, and the rest was not"
#: Seconds for a connection, and for an answer, of an address that says nothing of them.
_PATIENCE = 30.0
_TIMES = {"cto": "socket_connect_timeout", "rto": "socket_read_timeout"}


class _Course:
    """How far something comes that is sent; of ways to send that are not known here nothing."""

    def __init__(self) -> None:
        self.connects = False
        #: Whether any of a message was, or may be, handed over; and whether that came to its end.
        self.sends = self.answered = False
        #: Whether a mail server has said what becomes of it.
        self.settled = False


class _Sending(threading.local):
    """What the thread sends."""

    course = _Course()

    def connect(self) -> None:
        """Know that a connection is begun, over which nothing was sent."""
        self.course.connects = True
        self.course.sends = self.course.answered = self.course.settled = False

    def knows(self, what: str) -> _Step:
        """Return the step by which this is known."""
        return lambda: setattr(self.course, what, True)


_sending = _Sending()


def _noted(connection: type, method: str, before: _Step, after: _Step) -> None:
    """Have the thread that sends know that it has come to a step, and that it is through."""
    done = getattr(connection, method)

    @functools.wraps(done)
    def noting(*arguments: object, **options: object) -> object:
        before()
        result = done(*arguments, **options)
        after()
        return result

    setattr(connection, method, noting)


def _nothing() -> None:
    pass


for _connection in (urllib3.connection.HTTPConnection, urllib3.connection.HTTPSConnection):
    _noted(_connection, "connect", _sending.connect, _sending.knows("sends"))
_noted(urllib3.connection.HTTPConnection, "request", _nothing, _sending.knows("sends"))
_noted(urllib3.connection.HTTPConnection, "getresponse", _nothing, _sending.knows("answered"))
_noted(smtplib.SMTP, "connect", _sending.connect, _nothing)
_noted(smtplib.SMTP, "data", _sending.knows("sends"), _sending.knows("settled"))


def recipients(url: Secret) -> list[str]:
    """Return by what each one at an address is known again that can be sent to by itself.

    That says nothing of whom it is; it is empty of one that is all there is known. Raises
    `UsageError` if the address is none.
    """
    plugin = _plugin(url)
    lists = _lists(plugin).items()
    only = [(name, one) for name, value in lists for one in value]
    each = _recipients(plugin) or (only if len(only) == 1 else [])
    return [hashlib.sha256(repr(one).encode()).hexdigest()[:16] for one in each] or [""]


class Service:
    """One service, for one recipient at an address."""

    def __init__(self, url: Secret, recipient: int = 0) -> None:
        """`recipient` counts from 0; raises `UsageError` if the address is none, or lacks it."""
        plugin = _plugin(url)
        each = _recipients(plugin)
        if each:
            try:
                _only(plugin, each, *each[recipient])
            except IndexError:
                raise UsageError("it has fewer recipients than before") from None
        self._sender = apprise.Apprise(asset=plugin.asset)
        self._sender.add(plugin)
        self._course = _Course()

    def send(self, message: Message) -> Outcome:
        """Send a message, and return what has become of it."""
        course = self._course = _sending.course = _Course()
        try:
            result = self._sender.notify(
                body=message.rest,
                title=message.first,
                notify_type=message.tone,
                body_format=apprise.NotifyFormat.TEXT,
                interpret_escapes=False,
                log_level=logging.DEBUG,
            )
            logged = [(each.level, each.message) for each in result.logs()]
            return TAKEN if result else _why(logged, course)
        except Exception as error:  # a service may fail in any way, and what it says may be secret
            return Outcome(f"{NOT_TAKEN} ({type(error).__name__})")
        finally:
            self._course = _Course()

    @property
    def may_be_taken(self) -> bool:
        """Whether what is being sent now may be taken already; from any thread."""
        course = self._course
        return course.sends and not course.settled


def _plugin(url: Secret) -> apprise.NotifyBase:
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    # What became of a request is said at this level alone; it is captured, and goes nowhere.
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    asset = apprise.AppriseAsset(
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        service_timeout=0,  # it would begin threads that nobody can end
        secure_logging=True,
        app_id="reconciler",
        app_desc="reconciler",
        app_url="",
        image_url_mask="",  # pictures from another host, which sees who reads
        image_url_logo="",
        async_mode=False,
        http_redirects=False,  # what is sent holds tokens
        interpret_emojis=False,
        pgp_autogen=False,
        pem_autogen=False,
    )
    with _one_by_one, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # with the first one apprise imports all that it knows
        plugin = apprise.Apprise.instantiate(url.reveal(), asset=asset)
    if plugin is None:
        raise UsageError("apprise knows no such address, or something is missing in it")
    if plugin.overflow_mode == apprise.OverflowMode.UPSTREAM:
        plugin.overflow_mode = apprise.OverflowMode.SPLIT  # else what is too long never arrives
    for option, name in _TIMES.items():
        if not re.search(rf"(?i)[?&]{option}=", url.reveal()):
            setattr(plugin, name, _PATIENCE)
    plugin.retry = 0  # it is tried again by us, who know of it
    if "smtp_host" in vars(plugin):
        _with_copies(plugin)
    return plugin


def _with_copies(mail: Any) -> None:  # noqa: ANN401 - apprise's class of it has no stable place
    """Have those in `cc` and `bcc` be recipients of their own.

    A server may refuse one of a mail's recipients and take the others, who then get it again.
    """
    mail.targets += [(False, one) for one in sorted({*mail.cc, *mail.bcc})]
    mail.cc, mail.bcc = set(), set()


def _lists(plugin: apprise.NotifyBase) -> dict[str, list[object] | set[object]]:
    return {name: value for name, value in vars(plugin).items() if isinstance(value, list | set)}


def _recipients(plugin: apprise.NotifyBase) -> list[tuple[str, object]]:
    """Return whom apprise would send to one after the other, and in which list each stands.

    It sends to all of them again if one did not take it. Empty if there is one, or if it is not
    known how to send to each alone.
    """
    lists = _lists(plugin)
    number, counted = len(plugin), []
    for name, value in lists.items():
        setattr(plugin, name, type(value)())
        if len(plugin) != number:  # apprise counts those in it
            counted += [
                (name, one)
                for one in (value if isinstance(value, list) else sorted(value, key=repr))
            ]
        setattr(plugin, name, value)
    return counted if len(counted) == number else []


def _only(
    plugin: apprise.NotifyBase, each: list[tuple[str, object]], name: str, one: object
) -> None:
    """Have it send to this recipient alone."""
    for other in {other for other, _ in each}:
        setattr(plugin, other, type(getattr(plugin, other))([one] if other == name else []))


def _why(logged: list[tuple[str, str]], course: _Course) -> Outcome:
    """Return what has become of a message that apprise does not take for sent, by what it logged.

    Details, which have names and texts of others, are looked at for one thing alone.
    """
    if any(level == "INFO" and said.startswith("Sent ") for level, said in logged):
        return Outcome(PARTLY, again=0)
    told = " ".join(said for level, said in logged if level not in ("DEBUG", "TRACE"))
    code = _CODE.search(told)
    if code is not None:
        return Outcome(f"it was refused with status {code[1]}")
    details = [said for level, said in logged if level == "DEBUG"]
    unanswered = any(_NO_ANSWER.match(said) for said in details)
    is_cut = unanswered or any(said.startswith(_CUT) for said in details)
    if not course.connects and not course.sends:  # by a way that is not known here
        is_unsure = unanswered and not _NOT_SENT.search(told)
    else:
        is_unsure = course.sends and not course.settled and (is_cut or not course.answered)
    if is_unsure:
        return Outcome(NO_ANSWER_IN_TIME if unanswered else CUT_OFF, again=AGAIN)
    is_away = unanswered or _NOT_REACHED.search(told)
    return Outcome(NOT_REACHED if is_away else NOT_TAKEN)
