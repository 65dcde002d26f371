"""Reports as one page each, for a browser: nothing is fetched, and all is there without a script.

`writing` makes pages of values; `templates/base.html` is the frame of all. Importing the package
raises `UsageError` where the extra `html` is missing.
"""

from reconciler.environment.extras import missing_extra
from reconciler.errors import UsageError
from reconciler.report.lazy import handing_out

try:
    __import__("jinja2")
except ImportError as error:
    raise UsageError(missing_extra("-o html", "html")) from error

TYPE_CHECKING = False  # `typing` is dear to whoever only asks for help
if TYPE_CHECKING:
    from reconciler.report.html.manifests import failure, problems, valid
    from reconciler.report.html.objectives import proved as proved
    from reconciler.report.html.plans import drift, plan
    from reconciler.report.html.results import applied, operations, run, runs
    from reconciler.report.html.stories import explained
    from reconciler.report.html.verifications import accepted, loss, verified

__getattr__ = handing_out(__name__)
