#!/usr/bin/env bash
# Write the report of a plan or an apply into its one comment in the pull request.
. "$(dirname "$0")/common.sh"

# An apply that was killed has no report.
[ ! -s "$REPORT" ] || forge comment "$REPORT"
