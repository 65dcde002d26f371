#!/usr/bin/env bash
# Look which plan was reviewed before the merge; `apply.sh` decides what follows from it.
. "$(dirname "$0")/common.sh"

rm -rf "$work/reviewed" "$work/reviewed.json"
forge reviewed "$work/reviewed.json"
output pull "$(field "$work/reviewed.json" pull)"
output run "$(field "$work/reviewed.json" run)"
output folder "$work/reviewed"
