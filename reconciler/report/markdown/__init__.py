"""Reports as Markdown that fits a comment on GitHub: summary first, and never cut unseen."""

from reconciler.report.markdown.manifests import failure, problems, valid
from reconciler.report.markdown.plans import drift, plan
from reconciler.report.markdown.platforms import examined, storages, tokens
from reconciler.report.markdown.runs import applied, run, runs
from reconciler.report.text.platforms import lease, released

#: What was done to some storages is told run by run.
operations = runs
