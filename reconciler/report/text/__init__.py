"""Reports for a terminal, or a file that people read. Each ends with a newline."""

from reconciler.report.lazy import handing_out

TYPE_CHECKING = False  # `typing` is dear to whoever only asks for help
if TYPE_CHECKING:
    from reconciler.report.text.manifests import failure, problems, valid
    from reconciler.report.text.objectives import proved as proved
    from reconciler.report.text.plans import drift, plan
    from reconciler.report.text.platforms import examined, lease, released, storages, tokens
    from reconciler.report.text.rebuilds import rebuilt
    from reconciler.report.text.results import applied, operations, run, runs
    from reconciler.report.text.scans import scanned
    from reconciler.report.text.snapshots import checked, overview, pruned, snapshot
    from reconciler.report.text.stories import explained
    from reconciler.report.text.verifications import accepted, loss, verified

__getattr__ = handing_out(__name__)
