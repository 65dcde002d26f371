#!/usr/bin/env bash
# Look which plan was reviewed before the merge; `confirm.sh` decides what follows from it.
. "$(dirname "$0")/common.sh"

rm -rf "$work/reviewed"
forge reviewed >"$work/reviewed.lines"
cat "$work/reviewed.lines" >>"$GITHUB_OUTPUT"
output folder "$work/reviewed"
