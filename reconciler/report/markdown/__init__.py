"""Reports as Markdown that fits a comment on GitHub: summary first, and never cut unseen."""

from reconciler.report.lazy import handing_out

TYPE_CHECKING = False  # `typing` is dear to whoever only asks for help
if TYPE_CHECKING:
    from reconciler.report.markdown.manifests import failure, problems, valid
    from reconciler.report.markdown.objectives import proved as proved
    from reconciler.report.markdown.plans import drift, plan
    from reconciler.report.markdown.platforms import examined, lease, released, storages, tokens
    from reconciler.report.markdown.rebuilds import rebuilt
    from reconciler.report.markdown.results import applied, operations, run, runs
    from reconciler.report.markdown.scans import scanned
    from reconciler.report.markdown.snapshots import checked, overview, pruned, snapshot
    from reconciler.report.markdown.stories import explained
    from reconciler.report.markdown.verifications import accepted, loss, verified

__getattr__ = handing_out(__name__)
