#!/usr/bin/env bash
# Compare live with the manifest: one issue is open as long as they differ.
. "$(dirname "$0")/common.sh"

report="$work/drift.md"
code=0
reconciler drift "${options[@]}" -o markdown >"$report" || code=$?
heading "Storages: ${INPUT_ENVIRONMENT}" "$report"
show "$report"
case $code in
    0) output status same ;;
    2) output status drift ;;
    *) output status unknown ;;
esac
if [ "${INPUT_COMMENT:-true}" = true ]; then
    case $code in
        0) forge issue --close ;;
        2) forge issue "$report" ;;
    esac # else nothing is known, and an open issue stays as it is
fi
exit "$code"
