"""A stand-in for the vendor's SDK, written from its documented surface and nothing else.

What the organisation's state server would know lies in the SQLite file that JETRAW_STAND_IN
names, so that several processes see one organisation. `support/platforms/organisation.py` is its
back door: it plants what no call can write, and says which calls are to fail, and how.
"""

from jetraw import spaces, storages
from jetraw.client import Client, get_default_client, set_default_client

__version__ = "9.8.7"
__all__ = ["Client", "get_default_client", "set_default_client", "spaces", "storages"]
