"""The command line: the only place that prints, prompts and exits.

Options are parsed into values (`parser`), wired with the environment (`context`, `inputs`), then
the command runs. Nothing heavy is imported before a command needs it; the modules that `--help`
needs do without `typing` at run time too, which is a tenth of what `--help` costs.
"""

TYPE_CHECKING = False
#: What a completion script begins its question with, instead of a command.
OFFER = "__offer"
