"""Reports for a terminal, or a file that people read. Each ends with a newline."""

from reconciler.report.text.manifests import failure, problems, valid
from reconciler.report.text.plans import drift, plan
from reconciler.report.text.platforms import examined, lease, released, storages, tokens
from reconciler.report.text.runs import applied, operations, run, runs
