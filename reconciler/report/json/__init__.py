"""Reports as JSON: one document each, of a stable shape, with a final newline.

The functions are those of `text` and `markdown`; how a report is to look does not matter here.
"""

from reconciler.report.lazy import handing_out

TYPE_CHECKING = False  # `typing` is dear to whoever only asks for help
if TYPE_CHECKING:
    from reconciler.report.json.manifests import failure, problems, valid
    from reconciler.report.json.objectives import proved as proved
    from reconciler.report.json.plans import drift, plan
    from reconciler.report.json.platforms import examined, lease, released, storages, tokens
    from reconciler.report.json.rebuilds import rebuilt
    from reconciler.report.json.results import applied, operations, run, runs
    from reconciler.report.json.scans import scanned
    from reconciler.report.json.snapshots import checked, overview, pruned, snapshot
    from reconciler.report.json.stories import explained
    from reconciler.report.json.verifications import accepted, loss, verified

__getattr__ = handing_out(__name__)
