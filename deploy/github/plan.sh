#!/usr/bin/env bash
# Plan, for a pull request: the report for its comment, the plan for the apply after the merge.
. "$(dirname "$0")/common.sh"

rm -f "$work"/plan.*
code=0
# It writes the outputs of the step, and its summary; problems become annotations.
reconciler plan "${options[@]}" --out "$work/plan.json" -o github -o "markdown=$work/plan.md" || code=$?
heading "Storages: plan for ${INPUT_ENVIRONMENT}" "$work/plan.md"
output report "$work/plan.md"
exit "$code"
