"""Names of files replaced by short hashes, where a report goes to people who may not see them."""

from __future__ import annotations

import contextlib
import hmac
import os

from msgspec.structs import replace

from reconciler.errors import RepositoryError
from reconciler.recovery import rows, values
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying.results import Taken
from reconciler.recovery.verifying.stories import Story

#: Bytes of a key, and digits of what a name becomes: enough to tell a billion names apart.
_KEY, _DIGITS = 32, 16
#: How what stands for a path begins.
REDACTED = b"redacted-"


def key_of(repository: Repository) -> bytes:
    """Return the repository's key, so that a name becomes the same in all reports of it.

    One is made if there is none. Without it nobody can find out by trying whether a name is the
    one that they suspect. Raises `RepositoryError`.
    """
    known = repository.read(layout.REDACTION)
    if known is None:
        # Where nothing can be written, the names of this report are like those of no other.
        with contextlib.suppress(RepositoryError):
            repository.write(layout.REDACTION, os.urandom(_KEY))
        known = repository.read(layout.REDACTION) or b""
    return known if len(known) == _KEY else os.urandom(_KEY)


class Redaction:
    """Replaces names by what only the holder of a key can make of them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def finding(self, finding: FileFinding) -> FileFinding:
        """Return a finding without names; its note has none, but for why a root is not proved."""
        return replace(
            finding,
            note="" if finding.what == values.NOT_REACHABLE else _plain(finding.note),
            path=self.path(finding.path),
            other=self.path(finding.other),
            was=self._content(finding.was),
            now=self._content(finding.now),
            accepted=None if finding.accepted is None else self._accepted(finding.accepted),
            rotted=tuple(map(self._without_name, finding.rotted)),
            missed=tuple(map(self._without_name, finding.missed)),
        )

    def taken(self, taken: Taken | None) -> Taken | None:
        """Return what a side rests on, without the globs: there may be names in them."""
        if taken is None:
            return None
        globs = (replace(each, glob=self._text(each.glob)) for each in taken.left_out)
        return replace(taken, left_out=tuple(globs))

    def story(self, story: Story) -> Story:
        """Return a story without names."""
        return replace(
            story,
            path=self.path(story.path),
            chapters=tuple(
                replace(
                    c,
                    content=self._content(c.content),
                    note=_plain(c.note),
                    maybe=self.path(c.maybe),
                )
                for c in story.chapters
            ),
            good=self._content(story.good),
            copies=tuple(
                replace(
                    c, path=self.path(c.path), content=replace(c.content, path=self.path(c.path))
                )
                for c in story.copies
            ),
            findings=tuple(map(self.finding, story.findings)),
            redacted=True,
            meant=self.path(story.meant),
        )

    def path(self, path: bytes) -> bytes:
        """Return what stands for a path; an empty one stays, and a folder still ends with `/`."""
        if not path:
            return path
        digest = hmac.digest(self._key, path, "sha256").hex()[:_DIGITS]
        return f"{REDACTED.decode()}{digest}{'/' if path.endswith(b'/') else ''}".encode()

    def _text(self, text: str) -> str:
        return self.path(text.encode("utf-8", "surrogateescape")).decode()

    def _accepted(self, accepted: Accepted) -> Accepted:
        # What somebody wrote may have names in it.
        of = tuple(map(self._without_name, accepted.of))
        return replace(accepted, why="", now=self._content(accepted.now), of=of)

    def _content(self, content: Content | None) -> Content | None:
        return None if content is None else self._without_name(content)

    def _without_name(self, content: Content) -> Content:
        detail = content.detail
        # What a link leads to, and what a marker holds, may have names in it.
        if detail is not None and content.kind in (rows.LINK, rows.MARKER):
            detail = self.path(detail)
        elif detail is not None:
            detail = detail.partition(rows.NO_SUM)[0]
        return replace(content, path=self.path(content.path), detail=detail)


def _plain(note: str) -> str:
    """Return a note without what a report says of a failed task: there may be names in it."""
    return note.partition(rows.NO_SUM.decode())[0]
