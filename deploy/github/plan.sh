#!/usr/bin/env bash
# Plan, for a pull request: the report for its comment, the plan for the apply after the merge.
. "$(dirname "$0")/common.sh"

rm -f "$work"/plan.*
code=0
reconciler plan "${options[@]}" --out "$work/plan.json" -o markdown >"$work/plan.md" || code=$?
heading "Storages: plan for ${INPUT_ENVIRONMENT}" "$work/plan.md"
show "$work/plan.md"
if [ -s "$work/plan.json" ]; then
    told "$work/plan.json"
else
    output status invalid
fi
output code "$code"
output report "$work/plan.md"
exit "$code"
