"""Warn where whoever writes the manifest or the plan decides who gets a pipeline's token."""

from __future__ import annotations

from reconciler.cli.context import Context
from reconciler.environment.origin import in_ci
from reconciler.masking import masked
from reconciler.model import Notice
from reconciler.plan.document import leads_to_file
from reconciler.platforms import PLATFORM_VARIABLE
from reconciler.platforms.http.address import TOKEN_VARIABLE as OF_SERVERS
from reconciler.platforms.jetraw.address import TOKEN_VARIABLE as OF_JETRAW
from reconciler.printable import shown

CODE = "platform_unconfirmed"


def token_at_risk(context: Context, address: str, source: str) -> tuple[Notice, ...]:
    """Warn if, in CI, only `source` says to which platform a token goes: else there is none.

    A pull request can change that file, but neither the pipeline's variables nor its commands.
    """
    environ = context.environ
    confirmed = context.settings.platform is not None or PLATFORM_VARIABLE in environ
    if confirmed or not in_ci(environ) or leads_to_file(address):
        return ()

    both = (OF_SERVERS, f"{OF_SERVERS}_FILE", OF_JETRAW, f"{OF_JETRAW}_FILE")
    tokens = [name for name in both if name in environ]
    if not tokens:
        return ()
    return (
        Notice(
            CODE,
            "",
            f"{' and '.join(tokens)} is set in CI, and only {source} says where it goes: a pull "
            f"request that changes `platform:` would send it elsewhere. Set {PLATFORM_VARIABLE}="
            f"{shown(masked(address))} beside it: another platform is then refused",
        ),
    )
