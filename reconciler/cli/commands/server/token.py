"""`token`: who may use a state server."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

from reconciler.cli.commands.server.which_token import which_token
from reconciler.cli.context import Context
from reconciler.cli.inputs.files import check_new, new_file
from reconciler.cli.options.command import Command
from reconciler.cli.options.database import add_database, opened
from reconciler.cli.settings import JSON, duration, given_text, output_path
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import SUCCESS, UsageError
from reconciler.printable import quoted, shown
from reconciler.report.documents import written
from reconciler.server.calls.tokens import NewToken, new_token, shows_secret
from reconciler.server.store.values import Author, Token

CREATE, LIST, REVOKE = "create", "list", "revoke"
ROLES = ("reader", "operator", "admin")
#: What the audit calls those who can reach the database itself.
_ACCOUNT = "command-line"
_DAY = 24 * 3600
_LONGEST_LIFE = 100 * 365 * _DAY
_LONGEST_NAME = 100
#: Plainer than what `float` reads: `1e3d` or `1md` is a typo, not a lifetime.
_LIFETIME = re.compile(r"[0-9]+(?:\.[0-9]+)?[smhd]?", re.ASCII)


class TokenOptions(Namespace):
    """The options of `token`."""

    action: str
    subject: str | None
    role: str | None
    expires: float | None
    out: str | None
    database: str | None


def lifetime(text: str) -> float:
    """Read how long a token is to work, in seconds: `90d`, or what `duration` reads."""
    seconds = 0.0
    if _LIFETIME.fullmatch(text):
        seconds = float(text[:-1]) * _DAY if text.endswith("d") else duration(text)
    if not 0 < seconds <= _LONGEST_LIFE:
        raise ArgumentTypeError(f"{text!r} is no lifetime: write 12h, 90d or 365d")
    return seconds


def _action(text: str) -> str:
    """Read what to do; argparse would quote a token that stands in its place."""
    if shows_secret(text):
        raise ArgumentTypeError(
            f"this is a token: say first whether to {CREATE}, {LIST} or {REVOKE}"
        )
    return given_text(text)


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", type=_action, choices=(CREATE, LIST, REVOKE), help="what to do")
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="NAME|ID",
        help="name of the new token, for the audit; or name or ID of the one to revoke",
    )
    parser.add_argument(
        "--role",
        type=str,
        choices=ROLES,
        help="what the new token allows: reader reads, operator also writes and takes the lease, "
        "admin also takes it away from others",
    )
    parser.add_argument(
        "--expires",
        type=lifetime,
        metavar="DURATION",
        help="how long the new token works, such as 90d or 12h (default: until it is revoked)",
    )
    parser.add_argument(
        "--out",
        type=output_path,
        metavar="FILE",
        help="write the new token to a new file that only its owner can read, and do not show it",
    )
    add_database(parser)


def _run(context: Context, options: TokenOptions) -> int:
    _check(options)
    if options.action == CREATE:
        _create(context, options)
    elif options.action == LIST:
        _list(context, options)
    else:
        _revoke(context, options)
    return SUCCESS


def _check(options: TokenOptions) -> None:
    if options.action == LIST and options.subject is not None:
        raise UsageError("`token list` lists all tokens, and takes no name")
    if options.action == REVOKE and options.subject is None:
        raise UsageError(
            "`token revoke` needs the name or ID of a token: see `reconciler token list`"
        )
    if options.action == CREATE:
        _check_name(options.subject)
        if options.role is None:
            raise UsageError(f"`token create` needs --role: {', '.join(ROLES)}")
    elif (options.role, options.expires, options.out) != (None, None, None):
        raise UsageError("--role, --expires and --out belong to `token create`")


def _check_name(name: str | None) -> None:
    if name is None:
        raise UsageError("`token create` needs a name, such as that of the pipeline that uses it")
    if shows_secret(name):
        raise UsageError(
            "the name holds a token, and everybody could read it there: choose another"
        )
    if name in ("anonymous", _ACCOUNT):
        raise UsageError(f"a token can't be called {quoted(name)}: the audit calls others so")
    if shown(name) != name or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{quoted(name[:_LONGEST_NAME])} is no name for a token: use at most {_LONGEST_NAME} "
            "characters that can be seen"
        )


def _create(context: Context, options: TokenOptions) -> None:
    new = new_token()
    name, role, expires_at = str(options.subject), str(options.role), _end(options.expires)
    context.apart.file("--out", options.out)
    if options.out is not None:
        check_new(options.out)  # before there is a database
    with (
        opened(context, options.database, make=True) as (store, database),
        _kept(new, options.out),
    ):
        if store.revision() == 0:
            context.note(f"{database} is a new database: nothing else is in it.")
        author = Author(_ACCOUNT, **context.origin.claims())
        token = store.create_token(
            new.id, new.digest, name=name, role=role, expires_at=expires_at, author=author
        )
    context.note(
        f"Token {quoted(name)} (ID {new.id}, {role}, "
        f"{'until ' + expires_at if expires_at else 'until it is revoked'}) is in the database "
        f"{database}. {_whereabouts(options.out)}"
    )
    _tell_secret(context, token, new, options.out)


def _end(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return timestamp(utc_now() + timedelta(seconds=seconds), "seconds")


def _kept(new: NewToken, out: str | None) -> AbstractContextManager[None]:
    """Have a token in its file before it works: no crash leaves one that works for nobody."""
    return nullcontext() if out is None else new_file(out, f"{new.text.reveal()}\n".encode())


def _whereabouts(out: str | None) -> str:
    if out is None:
        return (
            "It is shown this once and can't be shown again: put it into RECONCILER_TOKEN where it "
            "is used."
        )
    return (
        f"The only copy of it is in {quoted(out)}, which only its owner can read: "
        "RECONCILER_TOKEN_FILE names it where it is used."
    )


def _tell_secret(context: Context, token: Token, new: NewToken, out: str | None) -> None:
    if context.settings.output == JSON:
        secret = {"token": new.text.reveal()} if out is None else {"file": out}
        context.streams.document(written({**_told(token), **secret}))
    elif out is None:
        context.streams.result(new.text.reveal() + "\n")


def _list(context: Context, options: TokenOptions) -> None:
    with opened(context, options.database, make=False) as (store, _):
        tokens = store.tokens()
    if not tokens and context.is_text:
        context.note("There are no tokens.")
    else:
        context.result(context.report().tokens([_told(token) for token in tokens], context.style))


def _revoke(context: Context, options: TokenOptions) -> None:
    with opened(context, options.database, make=False) as (store, _):
        found = which_token(store.tokens(), str(options.subject))
        token = store.revoke_token(found.id, Author(_ACCOUNT, **context.origin.claims()))
    context.note(f"Token {quoted(token.name)} (ID {token.id}) no longer works.")


def _told(token: Token) -> dict[str, str | None]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "state": token.state(datetime.now(UTC)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }


COMMAND = Command(
    details="Works on the server's database, also while servers run on it: what is created or "
    "revoked counts from the next request on. Once there was a token, every request needs one.\n\n"
    "`create` prints the token on standard output, this once, or writes it to the new file that "
    "--out names: the database keeps only a hash. Of several tokens with one name only one works; "
    "`revoke` takes its name, or an ID.",
    examples=(
        (
            "reconciler token create ci --role operator --database sqlite:///server.db",
            "for a pipeline",
        ),
        (
            "reconciler token list --database sqlite:///server.db",
            "see which there are, and which still work",
        ),
    ),
    add_arguments=_add_arguments,
    options=TokenOptions,
    run=_run,
    takes=(),
)
