"""What `verify --explain` does: tell the story of one file."""

from __future__ import annotations

from contextlib import closing

from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.recovery import codes
from reconciler.cli.recovery.proving.settling import Settling
from reconciler.errors import UsageError
from reconciler.printable import quoted
from reconciler.recovery import paths
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.verifying.explaining.explain import explain
from reconciler.recovery.verifying.places import place_of
from reconciler.recovery.verifying.telling.redaction import Redaction, key_of


def run(context: Context, options: VerifyOptions, storage: str, text: str) -> int:
    """Tell the story of one file; the exit code says whether it is what it was."""
    try:
        path = paths.read(text)
    except ValueError as error:
        raise UsageError(f"the path {quoted(text)} can't be read: {error}") from None
    with closing(open_repository(options.repository or "")) as repository:
        settling = Settling(context, options)
        place = place_of(repository, storage)
        settled_ns = settling.by_place.get(place, settling.usual_ns)
        story = explain(repository, storage, place, path, settled_ns)
        if options.redact:
            story = Redaction(key_of(repository)).story(story)
    return context.outcome(context.report().explained(story, context.style), codes.of_story(story))
