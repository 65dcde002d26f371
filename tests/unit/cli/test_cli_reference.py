"""`docs/reference/commands.md` says what the commands say of themselves."""

from reconciler.cli import exits, reference
from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import command_parser
from reconciler.errors import PlatformBusyError, ReconcilerError
from support.repository import DOCS

REFERENCE = DOCS / "reference" / "commands.md"


def test_it_is_up_to_date():
    written = REFERENCE.read_text(encoding="utf-8")
    assert written == reference.markdown(), (
        "run python -m reconciler.cli.reference > docs/reference/commands.md"
    )


def test_it_does_not_depend_on_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert REFERENCE.read_text(encoding="utf-8") == reference.markdown()


def test_every_command_and_option_is_explained():
    written = REFERENCE.read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"\n## {command.name}\n" in written
        for action in reference.arguments(command_parser(command)):
            assert action.help
            for name in action.option_strings:
                assert f"`{name}`" in written


def test_every_exit_code_of_an_error_is_explained():
    def all_of(kind):
        return {kind}.union(*map(all_of, kind.__subclasses__()))

    assert PlatformBusyError in all_of(ReconcilerError)
    assert {kind.exit_code for kind in all_of(ReconcilerError)} <= exits.MEANINGS.keys()
