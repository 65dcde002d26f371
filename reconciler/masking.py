r"""Secrets in addresses: user names, passwords, signatures, tokens and keys, found and masked.

The rule fails closed: what can't be told from a secret is one.

**Users.** An address with an `@` in it, in any spelling (`%40`, `%2540`, full width), holds none
only if it is one of these, plainly spelled:

- `SCHEME://HOST/…`, or `//HOST/…`, of a scheme that we know and a host without a port, unless that
  is an IPv6 address in brackets: behind `u:8080/` there may be a password;
- a path from the root (`/data/…`, `\\SERVER\…`, `file:///…`, `C:\…`) whose first folder has no
  colon, or from here (`./…`, `~/…`);
- `HOST:/FOLDER/…`, as NFS says it;
- a text without a colon before its last `@`, such as the address of a person.

Even then what comes behind may be another address: behind a colon and a slash, or two slashes and
a colon, or in a query behind a colon, no `@` may follow. All up to the last `@` is masked, but for
the scheme.

**Parameters.** What follows `?`, `#`, `&`, `;` or `=` is the name of a secret if one of its words
says so, or if it is not plainly spelled: letters as `%6F`, or others than ASCII has. Its value is
masked, and all that follows.

`schemas/manifest.schema.json` has the same patterns, letter for letter: they are written as JSON
Schema and Python both take them.
"""

from __future__ import annotations

import re

from reconciler.printable import quoted

# These patterns are compiled when they are needed: most runs meet none, and it takes a while. In
# none of them may a long text have many places to begin from, each with a way to the end.
#: Programs drop these from addresses, also within an escape, which may be escaped itself.
_ESCAPE = r"%[\t\n\r25]*"
#: `@`, `:`, and slashes of both kinds, also escaped or of another width.
AT = rf"(?:@|{_ESCAPE}4[\t\n\r]*0|[\uff20\ufe6b])"
_COLON = rf"(?::|{_ESCAPE}3[\t\n\r]*[Aa]|[\uff1a\ufe13\ufe55])"
_SLASH = rf"(?:[/\\]|{_ESCAPE}(?:2[\t\n\r]*[Ff]|5[\t\n\r]*[Cc])|[\uff0f\uff3c\ufe68])"
#: What may stand before an address in a text.
_OPENING = r"[\u0000-\u0020\u00a0\ufeff'\"(<]*"
#: A text in which no letter can be taken for one that ends a host.
_HOST = r"[^\u0000-\u0020\u007f-\u00a0\u2000-\u214f\ufe10-\ufe6f\uff00-\uffef/\\?#@:%\[\]'\"<>]+"
_ADDRESS_V6 = r"\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?"
_END = r"(?![\s\S])"


def _letters(word: str) -> str:
    """Return a pattern that takes a word in either case: JSON Schema has no flag for that."""
    return re.sub("[a-z]", lambda found: f"[{found[0].upper()}{found[0]}]", word)


_SCHEME = _letters(
    r"(?:https?|s3|file|sqlite|jetraw(?:\+module)?|postgres(?:ql)?|s?ftps?|ssh|git|smb|nfs|gs|tcp)"
)
_OF_FILE = _letters("(?:file|sqlite)") + ":"
_NO_COLON = rf"(?![/\\]*[^/\\]*{_COLON})"
#: With what an address begins in which an `@` may stand that ends no user.
_PLAIN = (
    rf"(?:(?:(?:{_SCHEME}:)?(?://|\\\\)|{_OF_FILE}//\\\\)(?:{_HOST}|{_ADDRESS_V6})(?=[/\\?#])"
    rf"|(?:{_OF_FILE}//(?=/)|(?=/(?![/\\])))(?!/[A-Za-z]:[/\\]){_NO_COLON}"
    rf"|(?:{_OF_FILE}///?|/)?[A-Za-z]:(?=[/\\]){_NO_COLON}"
    r"|(?:\.\.?|~)(?=[/\\])"
    rf"|(?!{_SCHEME}:)[A-Za-z0-9._-]{{2,}}:/(?!{_SLASH})(?![^/\\]*(?:{_COLON}|{AT}))[^/\\]+(?=/)"
    rf"|(?!{_SLASH})(?![^/\\]*[/\\]{{2}})"
    rf"(?=(?:(?!{_COLON})[\s\S])*(?:{_END}|{_COLON}(?![\s\S]*{AT}))))"
)
#: How another address may begin behind that.
_NESTED = (
    rf"(?:{_COLON}[\u0000-\u0020]*{_SLASH}|{_SLASH}{_SLASH}(?=[^/\\]*{_COLON})"
    rf"|[?#&;=,(][\u0000-\u0020]*{_SLASH}[\u0000-\u0020]*{_SLASH}|[?#&;=][^?#&;=]*{_COLON})"
)
#: An address that holds an `@` (`AT`), and this, has a user.
USER = (
    rf"^(?!{_OPENING}{_PLAIN})"
    rf"|^{_OPENING}{_PLAIN}(?:(?!{_NESTED})[\s\S])*{_NESTED}[\s\S]*{AT}"
)
#: Behind `file://`, which the platform puts before a folder, fewer begin so: `raw@2x` is a user
#: there. A folder that holds an `@`, and this, has one once it is live.
_PLAIN_FOLDER = (
    rf"(?:(?:\\\\)?(?:{_HOST}|{_ADDRESS_V6})(?=[/\\?#])"
    rf"|(?:(?=/)(?!/[A-Za-z]:[/\\])|/?[A-Za-z]:(?=[/\\])){_NO_COLON})"
)
USER_OF_FOLDER = (
    rf"^(?!{_OF_FILE}//)(?:(?!{_PLAIN_FOLDER})"
    rf"|{_PLAIN_FOLDER}(?:(?!{_NESTED})[\s\S])*{_NESTED}[\s\S]*{AT})"
)
#: Of such an address: what is kept, and all that is not.
_USER_INFO = rf"^({_OPENING}(?:(?:{_SCHEME}:)?(?://|\\\\))?)[\s\S]*{AT}"

#: What ends the name of a parameter, and what stands before the next one: `?`, `#`, `&`, `;`, `=`.
_EQUALS = rf"(?:=|{_ESCAPE}3[\t\n\r]*[Dd]|[\uff1d\ufe66])"
_BEFORE_HIDDEN = (
    rf"(?:{_ESCAPE}(?:3[\t\n\r]*[BbDdFf]|2[\t\n\r]*[36])"
    r"|[\uff1f\uff03\uff06\uff1b\uff1d\ufe56\ufe5f\ufe60\ufe54\ufe66])"
)
_BEFORE = rf"(?:[?#&;=]|{_BEFORE_HIDDEN})"
_IN_NAME = rf"(?:(?!{_BEFORE_HIDDEN})[^=?#&;])*"
#: A letter that is hidden, by an escape or as one that only looks like it.
_HIDDEN = rf"(?!{_BEFORE_HIDDEN})(?:[^\u0021-\u007e]|{_ESCAPE}(?:[46][1-9A-Fa-f]|[57][0-9Aa]))"
#: These are secrets also where they end a word (`accesstoken`), those others as a whole one.
_LONG = _letters(
    "(?:token|secret|passwo?r?d|passphrase|passcode|pwd|signature|credential|bearer"
    "|(?:access|account|api|auth|customer|encryption|hex|master|priv|private|sas|secret|shared"
    "|sign|signing|ssh|text)[_-]?key|access[_-]?key[_-]?id|(?:user|db)pass|auth[_-]?code"
    "|authorization)s?"
)
_SHORT = _letters("(?:sig|auth|key|pass|pw|sas|jwt|creds?)")
#: Those behind the hump of a camel: `sshKey`, `userPass`.
_HUMP = "(?:[A-Za-z](?:Sig|Auth|Key|Pass|Pw|Sas|Jwt|Creds?)|[a-z](?:SIG|AUTH|KEY|PASS|PW|SAS|JWT))"
_WORD_ENDS = "(?![a-z])"
#: A parameter that is a secret by its name, up to its value.
PARAMETER = (
    rf"{_BEFORE}(?={_IN_NAME}{_EQUALS}[\s\S])(?:{_IN_NAME}(?:{_HIDDEN}|(?:{_LONG}|{_HUMP}){_WORD_ENDS})"
    rf"|(?:{_IN_NAME}(?!{_BEFORE_HIDDEN})(?:[^A-Za-z=?#&;]|%(?:25)*[0-9A-Fa-f]{{2}}))?"
    rf"{_SHORT}{_WORD_ENDS}){_IN_NAME}{_EQUALS}"
)
#: What may be an address in a sentence, up to a blank or a quotation mark: one within a password
#: ends nothing.
_IN_TEXT = (
    r"(?:[^\s'\"<>]*[/\\]{2}[^\s/\\?#@:]*:(?![0-9]{0,5}(?:[\s/\\?#'\"<>),]|\Z))[^@]{0,256}@)?"
    r"[^\s'\"<>]+"
)


def has_user_info(url: str) -> bool:
    """Return whether a URL carries a user name or password, or what can't be told from one."""
    return (
        ("@" in url or "%" in url or not url.isascii())
        and re.search(AT, url) is not None
        and re.search(USER, url) is not None
    )


def has_secret(url: str) -> bool:
    """Return whether a URL carries what must not be seen: a user, or a signature, token or key."""
    return has_user_info(url) or _parameter(url) is not None


def masked(url: str) -> str:
    """Return a URL with user name and password, signatures, tokens and keys replaced by `***`."""
    user = re.match(_USER_INFO, url) if has_user_info(url) else None
    begin, at = (f"{user[1]}***@", user.end()) if user else ("", 0)
    parameter = _parameter(url)
    if parameter is None:
        return begin + url[at:]
    # The last `@` may stand in its value: then all behind that is secret too.
    return f"{begin}{url[at : parameter.end()]}***"


def masked_path(path: str) -> str:
    """Return a folder's path `masked`, by itself and as the address that it was taken from."""
    return masked(f"file://{masked(path)}")[7:]


def masked_in(text: str) -> str:
    """Return a text that somebody else wrote, with each address in it `masked`."""
    return re.sub(_IN_TEXT, lambda found: masked(found[0]), text)


def has_secret_in(text: str) -> bool:
    """Return whether in a text stands an address that has a secret."""
    return not text.isalnum() and masked_in(text) != text


def quoted_url(url: str) -> str:
    """Return a URL, or another address, as messages print it: `masked`, escaped, in quotes."""
    return quoted(masked(url))


def _parameter(url: str) -> re.Match[str] | None:
    """Find the first parameter that is a secret, up to its value."""
    spelled = "=" in url or "%" in url or not url.isascii()
    return re.search(PARAMETER, url) if spelled else None
