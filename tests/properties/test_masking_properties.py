"""No secret in an address comes out, however it is spelled; plain addresses stay as they are."""

import re
from urllib.parse import unquote

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler import masking
from reconciler.location import sanitize_local_url, usable_url
from reconciler.manifest.checking.lean import Draft202012Validator
from reconciler.manifest.checking.schema import part_schema
from support.sampling import examples

SECRET = "HUSH"
SCHEMA = Draft202012Validator(part_schema("no_secret"))
#: As programs may read them that are less strict than a grammar of URLs.
ATS = st.sampled_from(["@", "%40", "%2540", "\uff20", "%4\n0"])
COLONS = st.sampled_from([":", "%3A", "%253a", "\uff1a"])
SCHEMES = st.sampled_from(
    [
        "https:",
        "HTTP:",
        "s3:",
        "postgresql:",
        "ht\ttps:",
        "\uff48ttps:",
        "https",
        "https%3A",
        "file:",
    ]
)
SLASHES = st.sampled_from(["//", "///", "////", "\\\\", "/\\", "//\t", "/", "", "%2F%2F"])
OPENINGS = st.sampled_from(["", " ", "'", "\ufeff", "(", "x ", "url="])
#: What a password may hold beside.
ODD = st.lists(
    st.sampled_from([*"/?#@:&;=\\[]% \t\n", "8080/", "%2F", "%40", "\uff0f", "p", "//"]), max_size=3
).map("".join)
ENDS = st.sampled_from(["h", "h:9000", "h/b", "[::1]:9000/b", "h/x@y", "h/b?a=1", "h:9000/b#c"])
PASSWORDS = st.tuples(ODD, ODD).map(SECRET.join)


def held(url):
    """Return whether an address that was masked still has the secret in it, however spelled."""
    return any(SECRET in told for told in (url, unquote(url), unquote(unquote(url))))


def check(url):
    assert masking.has_secret(url)
    assert not held(masking.masked(url))
    assert not held(masking.quoted_url(url))
    assert not usable_url("S3", url)
    assert not usable_url("local", url)
    assert not SCHEMA.is_valid(url), url
    if not re.search(r"[\s'\"<>]", url):
        assert not held(masking.masked_in(f"can't open {url} twice: '{url}'"))


@given(
    OPENINGS,
    SCHEMES,
    SLASHES,
    st.sampled_from(["u", "bob", "", "a.b"]),
    COLONS,
    PASSWORDS,
    ATS,
    ENDS,
)
@example("", "https:", "///", "u", ":", SECRET, "@", "h")
@example("", "https:", "//", "u", ":", f"8080/{SECRET}", "@", "h")
@example("", "https:", "//", "u", ":", f"?{SECRET}", "@", "h")
@settings(max_examples=examples(30, 20_000))
def test_a_password_never_comes_out(opening, scheme, slashes, user, colon, password, at, end):
    assume(slashes or ":" in scheme)  # else the first colon is that of a scheme
    assume(len(user) > 1 or scheme != "file:")  # `file:///u:/` is a drive of Windows
    check(f"{opening}{scheme}{slashes}{user}{colon}{password}{at}{end}")


@given(st.sampled_from(["", "//", "///", "\\\\", "\t//"]), COLONS, ODD, ATS, ENDS)
@example("", ":", "", "@", "h:9000")
@settings(max_examples=examples(30, 10_000))
def test_nor_one_without_a_scheme(slashes, colon, odd, at, end):
    check(f"{slashes}u{colon}{SECRET}{odd}{at}{end}")


@given(st.sampled_from(["https://", "s3://", "https:///", "https:\\\\"]), ATS, ENDS)
@settings(max_examples=examples(30, 1_000))
def test_nor_a_user_that_is_a_token(begin, at, end):
    check(f"{begin}{SECRET}{at}{end}")


@given(
    st.sampled_from(["https://h/b", "/data/nas", "https://h:9000/b?a=1", "s3://b/x@y"]),
    st.sampled_from(["?to=", "#", "?a=1&to=", ";"]),
    st.sampled_from(["https://", "https:", "//", "https%3A%2F%2F", "https:/\t/"]),
    COLONS,
    PASSWORDS,
    ATS,
)
@settings(max_examples=examples(30, 10_000))
def test_nor_one_of_an_address_within_another(base, how, begin, colon, password, at):
    check(f"{base}{how}{begin}u{colon}{password}{at}h")


NAMES = [
    "token",
    "x[token]",
    "x%5Btoken%5D",
    "t%6Fken",
    "t%256Fken",
    "\uff54oken",
    "to\nken",
    "key",
]
NAMES += ["X-Amz-Signature", "sig", "x.auth", "apikey", "api_key", "AWSAccessKeyId", "tokenValue"]
NAMES += ["encryptionKey", "sshKey", "SSEKey", "userPass", "dbPASS", "apiAuth", "urlSig", "dbPw"]
NAMES += ["userpass", "authkey", "privkey", "hexkey", "textkey", "creds", "passcode", "bearer"]
NAMES += ["passwd", "x%5Bkey%5D", "token[]", "client_secrets", "to\u200bken", "a=1,token"]


@given(
    st.sampled_from(["https://h:9000/b", "s3://b/x@y", "/data/nas", "\\\\nas\\share", "file:///d"]),
    st.sampled_from(["?", "#", ";", "?a=1&", "%3F", "%26", "\uff1f", "?q="]),
    st.sampled_from(NAMES),
    st.sampled_from(["=", "%3D", "%253d", "\uff1d"]),
    PASSWORDS,
)
@example("https://h:9000/b", "?", "token", "%3D", f"{SECRET}=/")
@example("https://h:9000/b", "?", "token", "=", f"p:@{SECRET}")
@example("/data/nas", "?a=1&", "sig", "%253d", f"%{SECRET}=?")
@settings(max_examples=examples(30, 20_000))
def test_a_parameter_never_comes_out(base, before, name, equals, value):
    check(f"{base}{before}{name}{equals}{value}")


WORDS = st.text("abxyz019-_.", min_size=1, max_size=6)
PATHS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
WITH_AT = st.tuples(WORDS, PATHS, WORDS).map(lambda it: f"{it[0]}/{it[1]}@{it[2]}")
HOSTS = st.sampled_from(["h", "minio.example", "[::1]", "[fe80::1]:9000", "m\u00fcnchen.example"])
BACKWARDS = WITH_AT.map(lambda path: path.replace("/", "\\"))
QUERIED = st.sampled_from(
    ["design", "author", "max-keys", "maxKeys", "monkey", "bypass", "sacred", "tokenizer", "x[a]"]
)
ROOTS = ["/", "file:///", "./", "../", "/data/12:30/", "sqlite:////d/", "/d/50%20off/"]
PLAIN = st.one_of(
    st.builds("{}://{}/{}".format, st.sampled_from(["https", "HTTP", "s3"]), HOSTS, WITH_AT),
    st.builds("http://{}:{}/{}".format, WORDS, st.integers(1, 65535), PATHS),
    st.builds("https://h/{}?{}={}&list-type=2".format, PATHS, QUERIED, WORDS),
    st.builds("{}{}".format, st.sampled_from(ROOTS), WITH_AT),
    st.builds("{}:\\{}".format, st.sampled_from("CD"), BACKWARDS),
    st.builds("\\\\{}\\{}".format, WORDS, BACKWARDS),
)


@given(PLAIN)
@example("s3://bucket/key@v2")
@example("https://[::1]:9000/a@b")
@settings(max_examples=examples(30, 10_000))
def test_plain_addresses_stay(url):
    assert masking.masked(url) == url
    assert masking.masked_in(f"'{url}' and {url}") == f"'{url}' and {url}"
    assert SCHEMA.is_valid(url)


PIECES = [
    "https:",
    "s3:",
    "file:",
    "C:",
    *"@:/\\?#&;=%[]\n\t ",
    "%40",
    "%3A",
    "token",
    "key",
    "h",
    "8080",
]
PIECES += ["\uff20", "\uff1a", "%2F", "~", ".", "u", "x"]


@given(st.lists(st.sampled_from(PIECES) | st.characters(), max_size=10).map("".join))
@settings(max_examples=examples(30, 20_000))
def test_schema_and_code_draw_the_same_line(url):
    assert SCHEMA.is_valid(url) != masking.has_secret(url)
    assert not masking.has_secret(url) or "***" in masking.masked(url)
    assert masking.masked(masking.masked(url)) == masking.masked(url)


@given(st.lists(st.sampled_from([*PIECES, "//", "nas", "\\\\"]), max_size=10).map("".join))
@example("nas:/vol/a@b")
@example("data@lab/x")
@example("raw@2x")
@example("\\\\srv\\share\\a@b")
@settings(max_examples=examples(30, 20_000))
def test_what_a_manifest_may_say_of_a_folder_is_not_masked_once_the_platform_has_it(url):
    kept = sanitize_local_url(url)
    if usable_url("local", url):
        assert masking.masked(kept) == kept
        assert usable_url("local", kept)
    if kept != url and not url.lower().startswith("sqlite:"):
        has_user = re.search(masking.AT, url) and re.search(masking.USER_OF_FOLDER, url)
        assert bool(has_user) == masking.has_user_info(kept)


def test_the_schema_has_the_patterns_letter_for_letter():
    user, parameter = part_schema("no_secret")["$defs"]["no_secret"]["allOf"]
    assert [part["pattern"] for part in user["if"]["allOf"]] == [masking.AT, masking.USER]
    assert parameter["if"]["pattern"] == masking.PARAMETER
    folder = part_schema("local_url")["$defs"]["local_url"]["allOf"][-1]["if"]["allOf"]
    assert [part["pattern"] for part in folder] == [masking.AT, masking.USER_OF_FOLDER]
