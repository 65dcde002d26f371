"""What comes after the apply of a rebuild: records of files, ids, the user's manifest, the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.ids import write_ids
from reconciler.cli.recovery.rebuilding.adding import Adding
from reconciler.cli.recovery.rebuilding.planning import Work
from reconciler.cli.recovery.rebuilding.rewriting import rewrite
from reconciler.errors import ERROR, INTERRUPTED, PARTIAL, SUCCESS, ReconcilerError
from reconciler.given.source import reading
from reconciler.location import same_place
from reconciler.platform import Reader
from reconciler.printable import quoted, word
from reconciler.reconcile import Applied, read_live
from reconciler.recovery.rebuilding import remaining, wanted
from reconciler.recovery.rebuilding.outcome import (
    MISSING,
    NOT_LISTED,
    NOT_LIVE,
    Left,
    Rebuilt,
    Told,
)
from reconciler.recovery.rebuilding.wanted import Found
from reconciler.recovery.repository.address import split
from reconciler.recovery.repository.contract import Repository
from reconciler.report import text
from reconciler.report.sentences.terms import count


class Finishing:
    """Ends one rebuild; what goes wrong here is told, and leaves what was done as it is."""

    def __init__(
        self, context: Context, options: RebuildOptions, work: Work, repository: Repository
    ) -> None:
        self._context = context
        self._options = options
        self._work = work
        self._adding = Adding(context, options, work, repository)
        #: What is live at the end; None until it was read.
        self._found: Found | None = None
        self._left: tuple[Left, ...] = ()
        self._spaces: dict[str, tuple[str, ...]] = {}
        self._files: list[str] = []
        self._problems: list[str] = []
        #: The exit code of the last of them.
        self._error = ERROR

    def finish(self, applied: Applied, of_apply: Stop | None = None) -> int:
        """Do what is left, tell what came of all, and return the exit code.

        `of_apply` heard the signals that came while the plan was applied.
        """
        interrupted = applied.result.interrupted or bool(of_apply and of_apply.interrupted)
        if applied.holds is not None:
            with Stop(self._context.limit) as stop:
                try:
                    self._attempt(lambda: self._complete(stop, add=not interrupted))
                    self._attempt(self._write)
                    stop.settle()
                except KeyboardInterrupt:
                    pass
                interrupted = interrupted or stop.interrupted
        records = (*self._work.left_records, *self._unrecorded())
        code = self._code(applied, records, interrupted=interrupted)
        return self._tell(self._rebuilt(applied, records, code), code)

    def _tell(self, rebuilt: Rebuilt, code: int) -> int:
        context = self._context
        gap = "\n" if context.is_text else ""
        try:
            context.result(gap + context.report().rebuilt(rebuilt, context.style))
        except ReconcilerError as error:
            # What was done must not go untold because the disk is full.
            context.streams.note(text.rebuilt(rebuilt, context.note_style) + f"Error: {error}")
            return code or ERROR
        return code

    def _attempt(self, task: Callable[[], None]) -> None:
        try:
            task()
        except ReconcilerError as error:
            self._problems.append(str(error))
            self._error = error.exit_code

    def _complete(self, stop: Stop, *, add: bool) -> None:
        """Find out what is live now, and `add` the records of files that it lacks."""
        with reading(self._work.source.platform) as reader:
            found = self._look(reader)
            if add and self._adding.missing:
                self._adding.add(reader, found, stop)

    def _look(self, reader: Reader) -> Found:
        """Return what is live now; what is left of it to do is told at the end."""
        work = self._work
        state = read_live(reader)
        same = state.platform_id == work.chosen.kept.snapshot.platform.id
        found = self._found = wanted.find(work.wanted, state, same_platform=same)
        self._left = (
            *remaining.of_list(work.chosen.kept.snapshot),
            *remaining.of_unmanaged(work.unmanaged, state, same_platform=same),
            *remaining.of_storages(work.wanted, found),
        )
        self._spaces = dict(self._untied(reader, found))
        return found

    def _untied(self, reader: Reader, found: Found) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the spaces of each storage that are not tied to it, as far as that is known."""
        for one in self._work.wanted:
            live = found.live.get(one.storage.id)
            if live is None or not one.storage.spaces:
                continue
            if reader.abilities.spaces:
                tied = reader.spaces_using(live.id)
            else:  # nobody can tell; what has its id was never untied
                tied = one.storage.spaces if live.id == one.storage.id else ()
            if left := tuple(name for name in one.storage.spaces if name not in tied):
                yield one.storage.name, left

    def _write(self) -> None:
        """Write what the user wants written of ids, if they are known."""
        ids = self._ids()
        if self._found is None:
            return
        if self._options.ids is not None:
            write_ids(self._options.ids, ids)
            self._files.append(f"Ids: {len(ids):,} in {quoted(self._options.ids)}.")
        self._files += rewrite(self._options, ids)
        stale = [pin for pin in self._work.pins if ids.get(pin, pin) != pin]
        if stale and not self._options.rewrite_manifest:
            self._files.append(
                f"Your manifest pins {count(len(stale), 'storage')} by ids of the snapshot: run it "
                "again with --rewrite-manifest to give them their new ids."
            )

    def _ids(self) -> dict[str, str]:
        """Return the map of ids, without what has a name of the snapshot and lies elsewhere."""
        live = self._found.live if self._found else {}
        return {
            one.storage.id: found.id
            for one in self._work.wanted
            if (found := live.get(one.storage.id)) and same_place(one.entry, found)
        }

    def _unrecorded(self) -> Iterator[Left]:
        for one in self._work.wanted:
            if missing := self._adding.missing.get(one.storage.id):
                yield Left(
                    one.storage.name,
                    MISSING,
                    f"{missing:,} of them {'is' if missing == 1 else 'are'} still missing",
                )

    def _code(self, applied: Applied, records: Sequence[Left], *, interrupted: bool) -> int:
        if interrupted:
            return INTERRUPTED
        if applied.exit_code != SUCCESS:
            return applied.exit_code
        done = applied.result.wrote or bool(self._adding.added)
        if self._has_failed():
            return PARTIAL if done else self._error
        if any(each.is_failure for each in (*self._left, *records)):
            # Known beforehand, so that it does not hang on what this run or an earlier one did.
            return PARTIAL if done or (self._found and self._found.live) else ERROR
        return SUCCESS

    def _has_failed(self) -> bool:
        """Return whether something was tried that did not work, or is gone again."""
        gone = any(each.what == NOT_LIVE for each in self._left)
        return bool(self._problems or self._adding.problems or self._adding.missing or gone)

    def _rebuilt(self, applied: Applied, records: tuple[Left, ...], code: int) -> Rebuilt:
        work, found = self._work, self._found
        storages = sum(each.what != NOT_LISTED for each in self._left)
        return Rebuilt(
            kept=work.chosen.kept,
            platform=work.source.platform.address,
            applied=applied,
            wanted=work.asked,
            live=work.asked - storages if found else None,
            left=self._left,
            records=Told(self._adding.added, self._adding.storages, records),
            spaces=self._spaces,
            ids=self._ids(),
            files=tuple(self._files),
            problems=(*self._problems, *self._adding.problems),
            verify=self._verify(),
            again=code == INTERRUPTED or applied.exit_code != SUCCESS or self._has_failed(),
            exit_code=code,
        )

    def _verify(self) -> tuple[str, ...]:
        """Return the commands that verify what was rebuilt."""
        snapshot = self._work.chosen.kept.snapshot
        repository, _ = split(self._options.repository)
        start = f"reconciler verify {word(f'{repository}@{snapshot.id}')}"
        start += "".join(f" --scope {word(glob)}" for glob in self._context.settings.scope)
        commands = []
        if self._work.records:
            commands.append(f"{start} --platform {word(self._work.source.platform.address)}")
        if any(one.storage.contents for one in self._work.wanted):
            moves = "".join(f" --relocate {word(move)}" for move in self._options.relocate or ())
            commands.append(f"{start} --deep{moves}")
        return tuple(commands)
