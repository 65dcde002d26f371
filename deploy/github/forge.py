"""What the steps of action.yml ask of GitHub: which plan was reviewed, and where reports are shown.

Standard library only. All that it needs stands in the environment, where the runner puts it;
what others wrote, in comments and issues, is believed only where our own account wrote it, and
then nothing but the first line, which no manifest can reach.

    forge.py head                 end with 1 unless our commit is still the head of its branch
    forge.py reviewed             print digest=, run= and pull= of the reviewed plan, what there is
    forge.py comment FILE         show Markdown in the one comment for it in the pull request
    forge.py issue FILE|--close   show Markdown in the one open issue for it, or close that
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Characters that GitHub takes as the text of a comment or issue, and what ends a longer one.
LIMIT = 65_536
CUT = "\n\n**… This is cut: the whole text is on the page of the run.**\n"
PAGE, PAGES = 100, 50
#: A request that changes nothing twice is made so often, with so many seconds between.
TRIES, PAUSE, PATIENCE = 4, 2.0, 30.0
REPEATABLE = ("GET", "PATCH")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
NUMBER = re.compile(r"[0-9]{1,20}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Failed(Exception):  # noqa: N818 - what a step then says
    """A step can't go on; its text says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    actions = {"head": head, "reviewed": reviewed, "comment": comment, "issue": issue}
    try:
        actions[arguments[0]](*arguments[1:])
    except Failed as error:
        why = str(error)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        why = f"GitHub answered what nobody expected: {type(error).__name__} {plain(error)}"
    else:
        return 0
    sys.stderr.write(f"Stopped: {why}\n")
    return 1


def head() -> None:
    """End well only if the commit of this job is still the head of its branch."""
    branch, ours = variable("GITHUB_REF_NAME"), variable("GITHUB_SHA")
    there = ask("GET", f"git/ref/heads/{urllib.parse.quote(branch)}")["object"]["sha"]
    if there != ours:
        raise Failed(
            f"{branch} has moved on to {plain(there)[:12]}, and this job is for {ours[:12]}. "
            "The run of the newer commit applies what that one declares, if it was reviewed: "
            "look there"
        )


def reviewed() -> None:
    """Print what the comment of the pull request says that our commit merged, as outputs.

    Nothing: there is none. Only a comment of our own account counts, and of it only the first line;
    and none that was written after the merge, as by a plan job that was run again: nobody who
    merged has seen that. Who may push a branch can have a workflow write as that account: the
    digest says which plan was meant, and whoever agrees to the apply has to see that plan itself.
    """
    pull = merged_pull()
    if pull is None:
        return
    number = pull["number"]
    found = {"pull": str(int(number))}
    for text in our_texts(f"issues/{number}/comments?", marker("plan")):
        if text["updated_at"] > pull["merged_at"]:
            sys.stderr.write("The plan in the comment was written after the merge.\n")
            break
        first = text["body"].splitlines()[0]
        words = dict(word.split("=", 1) for word in first.split() if "=" in word)
        if DIGEST.fullmatch(words.get("digest", "")):
            found |= {"digest": words["digest"]}
            found |= {"run": words["run"]} if NUMBER.fullmatch(words.get("run", "")) else {}
        break  # the oldest: that is the one which is kept up to date
    sys.stdout.writelines(f"{name}={value}\n" for name, value in found.items())


def comment(file: str) -> None:
    """Write Markdown into the one comment of this kind and environment, or a first one.

    A plan is told in the pull request that it was made for: elsewhere it would take the place of
    the one that was reviewed.
    """
    kind, pull = variable("KIND"), os.environ.get("PULL")
    if not pull and kind != "plan":
        merged = merged_pull()
        pull = str(int(merged["number"])) if merged else None
    if not pull:
        sys.stderr.write("No pull request: nothing to comment.\n")
        return
    sign = marker(kind)
    body = text_of(file, sign)
    for old in our_texts(f"issues/{pull}/comments?", sign):
        ask("PATCH", f"issues/comments/{old['id']}", {"body": body})
        return
    ask("POST", f"issues/{pull}/comments", {"body": body})


def issue(file: str) -> None:
    """Write Markdown into the one open issue of this environment, or a first one; or close it."""
    sign = marker("drift")
    open_ones = our_texts("issues?state=open&", sign)
    if file == "--close":
        for old in open_ones:
            ask("PATCH", f"issues/{old['number']}", {"state": "closed"})
        return
    title = f"Drift: {variable('INPUT_ENVIRONMENT')} differs from its manifest"
    told = {"title": title, "body": text_of(file, sign)}
    for old in open_ones:
        ask("PATCH", f"issues/{old['number']}", told)
        return
    ask("POST", "issues", told)


def merged_pull() -> dict[str, Any] | None:
    """Return the pull request whose merge made our commit."""
    ours = variable("GITHUB_SHA")
    for pull in pages(f"commits/{ours}/pulls?"):
        if pull.get("merged_at") and pull.get("merge_commit_sha") == ours:
            return pull
    return None


def marker(kind: str) -> str:
    """Return what the first line of a text of ours begins with."""
    environment = variable("INPUT_ENVIRONMENT")
    if not NAME.fullmatch(environment):
        raise Failed("environment: letters, digits, '.', '_' and '-', at most 64 of them")
    return f"<!-- reconciler {kind} {environment} "


def text_of(file: str, sign: str) -> str:
    """Return the text to show: our first line, which people do not see, and the Markdown."""
    said = {"digest": DIGEST, "commit": COMMIT, "run": NUMBER}
    values = {name: os.environ.get(name.upper(), "") for name in said}
    known = {name: value for name, value in values.items() if said[name].fullmatch(value)}
    first = f"{sign}{''.join(f'{name}={value} ' for name, value in known.items())}-->\n"
    text = first + Path(file).read_text(encoding="utf-8").rstrip() + "\n" + origin(known)
    if len(text) <= LIMIT:
        return text
    return text[: LIMIT - len(CUT)].rpartition("\n")[0] + CUT


def origin(known: dict[str, str]) -> str:
    """Say of which commit and run a text is: one that a killed job left there is an old one."""
    told = [f"Commit {known['commit'][:12]}"] if "commit" in known else []
    if "run" in known:
        where = f"{variable('GITHUB_SERVER_URL')}/{variable('GITHUB_REPOSITORY')}"
        told += [f"[run {known['run']}]({where}/actions/runs/{known['run']})"]
    return f"\n{', '.join(told)}.\n" if told else ""


def our_texts(path: str, sign: str) -> Iterator[dict[str, Any]]:
    """Yield the comments or issues that our account wrote, and that begin with the sign."""
    account = os.environ.get("INPUT_ACCOUNT") or "github-actions[bot]"
    for text in pages(path):
        author = (text.get("user") or {}).get("login")  # of a deleted account there is none
        if author == account and (text.get("body") or "").startswith(sign):
            yield text


def pages(path: str) -> Iterator[dict[str, Any]]:
    """Yield all items of a list."""
    for number in range(1, PAGES + 1):
        items = ask("GET", f"{path}per_page={PAGE}&page={number}")
        yield from items
        if len(items) < PAGE:
            return
    raise Failed(f"{path} has more than {PAGE * PAGES} items")


def ask(method: str, path: str, content: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Make a request on our repository; return what was answered."""
    url = f"{variable('GITHUB_API_URL')}/repos/{variable('GITHUB_REPOSITORY')}/{path}"
    request = urllib.request.Request(  # noqa: S310 - the runner says where
        url,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Bearer {variable('GITHUB_TOKEN')}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    for left in reversed(range(TRIES if method in REPEATABLE else 1)):
        try:
            with OPENER.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            status = error.code if isinstance(error, urllib.error.HTTPError) else 599
            if status < 500 and not limited(error):
                raise Failed(refused(method, path, status)) from error
            if not left:
                raise Failed(f"GitHub did not answer {method} {path}: {plain(error)}") from error
        time.sleep(PAUSE)
    return None


class Unled(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: our token would go where that leads."""

    def redirect_request(self, *_: object) -> None:
        """Take it for a refusal."""


OPENER = urllib.request.build_opener(Unled)


def limited(error: Exception) -> bool:
    """Return whether GitHub wants fewer requests, and not others."""
    if not isinstance(error, urllib.error.HTTPError):
        return False
    told = error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"
    return error.code == 429 or (error.code == 403 and bool(told))


def refused(method: str, path: str, status: int) -> str:
    """Say why a request was refused, as far as its status tells."""
    why = {
        401: "the token is not valid",
        403: "the token may not do that: look at permissions: of the job",
        404: "it is not there, or the token may not see it: look at permissions: of the job",
    }.get(status, "GitHub refused it")
    return f"{method} {path.partition('?')[0]}: {status}, {why}"


def plain(text: object) -> str:
    """Return text that no runner takes for a command, and no terminal for more than text."""
    return re.sub(r"[^ -~]", "?", str(text)).replace("::", ": :").replace("##[", "## [")[:300]


def variable(name: str) -> str:
    """Return what a variable of the environment holds."""
    value = os.environ.get(name, "")
    if not value:
        raise Failed(f"{name} is not set: this is for steps of action.yml")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
