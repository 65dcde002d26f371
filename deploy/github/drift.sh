#!/usr/bin/env bash
# Compare live with the manifest: one issue is open as long as they differ.
. "$(dirname "$0")/common.sh"

report="$work/drift.md"
code=0
rm -f "$report"
reconciler drift "${options[@]}" -o github -o "markdown=$report" || code=$?
heading "Storages: ${INPUT_ENVIRONMENT}" "$report"
if [ "${INPUT_COMMENT:-true}" = true ]; then
    case $code in
        0) forge issue --close ;;
        2) forge issue "$report" ;;
    esac # else nothing is known, and an open issue stays as it is
fi
exit "$code"
