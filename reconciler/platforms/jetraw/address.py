"""What an address of the real platform says: which organisation, or which module."""

from __future__ import annotations

import re

from msgspec import Struct

from reconciler.errors import AddressError
from reconciler.masking import quoted_url
from reconciler.printable import quoted

ORGANISATION, MODULE = "jetraw", "jetraw+module"
SCHEMES = (ORGANISATION, MODULE)
#: The API key of an organisation.
TOKEN_VARIABLE = "JETRAW_REFRESH_TOKEN"  # noqa: S105 - the name of a variable
_EXAMPLES = {
    ORGANISATION: "write jetraw://my-org, where my-org is your organisation",
    MODULE: "write jetraw+module:package.storages, a module that `import` finds",
}
_ORGANISATION = re.compile(r"//([A-Za-z0-9][A-Za-z0-9._-]*)")
_MODULE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


class Target(Struct, frozen=True):
    """One of the two is given: an organisation of the vendor's SDK, or the name of a module."""

    organisation: str = ""
    module: str = ""

    @property
    def address(self) -> str:
        """The address that means this, in its one spelling."""
        return f"{MODULE}:{self.module}" if self.module else f"{ORGANISATION}://{self.organisation}"


def understand(address: str) -> Target:
    """Read an address whose scheme is one of `SCHEMES`; raises `AddressError` if it is none."""
    scheme, _, rest = address.partition(":")
    scheme = scheme.lower()
    found = (_MODULE if scheme == MODULE else _ORGANISATION).fullmatch(rest)
    if not found:
        raise AddressError(
            f"{quoted_url(address)} is not the address of a platform: {_EXAMPLES[scheme]}"
        )
    if scheme == ORGANISATION:
        return Target(organisation=found[1])
    if found[1].partition(".")[0] == "reconciler":
        raise AddressError(
            f"{quoted(address)} is reconciler's own module, which itself needs a platform: give "
            "that one's address"
        )
    return Target(module=found[1])
