#!/usr/bin/env bash
# Write the report of a plan or an apply into its one comment in the pull request.
. "$(dirname "$0")/common.sh"

# An apply that was killed says nothing more itself.
if [ ! -s "$BODY" ]; then
    echo "It was ended before it could say what it did. Run the job again: it does the rest." >"$BODY"
    heading "Storages: apply to ${INPUT_ENVIRONMENT} killed" "$BODY"
fi
forge comment "$BODY"
