"""What options of `verify` mean together, and what they can't."""

from __future__ import annotations

from reconciler.cli.commands.recovery.verify import BEFORE, VerifyOptions
from reconciler.cli.inputs.files import check_writable
from reconciler.cli.settings import FORMATS, HTML, Settings
from reconciler.errors import ForbiddenFileError, UsageError
from reconciler.recovery.repository.address import split
from reconciler.recovery.verifying.telling.table import kind_of

#: What is about all of a repository; and what means something with it of the options that say how
#: a comparison is told.
_OF_ALL = {
    "explain": ("settled", "redact"),
    "accept": (),
    "withdraw": (),
    "accept_loss": (),
    "objective": (),
}
_OF_ONE = ("explain", "accept", "withdraw", "accept_loss")
_TELLING = {"everything": "--all", "settled": "--settled", "redact": "--redact", "rows": "--rows"}


def check(options: VerifyOptions) -> None:
    """Refuse what can't be meant, before anything is opened: `UsageError`."""
    if options.repository is None and options.against in (None, BEFORE):
        raise UsageError("say which repository: REPO, a folder or s3://BUCKET/PREFIX")
    if options.accept is None and options.reason is not None:
        raise UsageError("--reason means something only with --accept")
    told_of_one = next((way for way in _OF_ONE if getattr(options, way) is not None), None)
    if options.auto_approve and told_of_one in (None, "explain"):
        raise UsageError(
            "--auto-approve means something only with --accept, --withdraw and --accept-loss"
        )
    given = [
        name
        for name, value in (
            ("--relocate", options.relocate),
            ("--workers", options.workers),
            ("--max-duration", options.max_duration),
            ("--limit-rate", options.limit_rate),
        )
        if value is not None
    ]
    if given and not options.deep:
        raise UsageError(f"{given[0]} means something only with --deep, which reads storages")
    if options.same_storage and not options.relocate:
        raise UsageError("--same-storage says what --relocate leads to: it means nothing alone")
    if options.metrics is not None and told_of_one is not None:
        raise UsageError("--metrics tells of all storages: leave it out, or compare something")
    _check_of_all(options)
    if options.rows is not None:
        kind_of(options.rows)
        check_writable(options.rows)


def check_told_alone(settings: Settings, options: VerifyOptions) -> None:
    """Refuse formats of verdicts, and files, where there is none to tell: `ForbiddenFileError`."""
    way = next((way for way in _OF_ONE if getattr(options, way) is not None), None)
    others = (settings.output, *(one.format for one in settings.output_files))
    known = (*FORMATS, HTML)
    if way is None or (set(others) <= set(known) and not settings.output_files):
        return
    raise ForbiddenFileError(
        f"`verify --{way.replace('_', '-')}` writes {', '.join(known[:-1])} or {known[-1]}, to "
        "standard output"
    )


def _check_of_all(options: VerifyOptions) -> None:
    """Refuse a snapshot, and what tells of a comparison, where nothing is compared."""
    for way, heeded in _OF_ALL.items():
        if getattr(options, way) in (None, False):
            continue
        if split(options.repository or "")[1] is not None:
            option = f"--{way.replace('_', '-')}"
            raise UsageError(f"{option} is about all of a repository: leave the snapshot out")
        for name, option in _TELLING.items():
            if name not in heeded and getattr(options, name) not in (None, False):
                raise UsageError(f"{option} says how a comparison is told: leave it out")


def command_of(options: VerifyOptions) -> str:
    """Return what is compared, as it is written on a command line."""
    ways = {
        "--deep": options.deep,
        "--objective": options.objective,
        "--against": options.against is not None,
    }
    return " ".join(["verify", *(way for way, is_meant in ways.items() if is_meant)])
