#!/usr/bin/env bash
# Apply the plan that `confirm.sh` has shown on the page of this run, or what is left of it.
. "$(dirname "$0")/common.sh"

rm -f "$report"
output report "$report"

still_head
digest=$(digest_in "${INPUT_DIGEST:-}") ||
    stop 64 "the input digest is to be that of the plan which the command confirm has shown"
expected=$digest
# The plan itself also covers what a cancelled run has left of it.
saved="$work/confirmed/plan.json"
if [ -s "$saved" ]; then
    reconciler show "$saved" --expect "$digest" >/dev/null ||
        stop 4 "the plan that this run has kept is not the one that it has shown"
    expected=$saved
fi

code=0
passing_signals_on reconciler apply "${options[@]}" --expect "$expected" \
    --journal "$work/journal" -o markdown >"$report" || code=$?
case $code in
    0) status=applied title="applied to ${INPUT_ENVIRONMENT}" ;;
    4)
        status=stopped title="apply to ${INPUT_ENVIRONMENT} stopped"
        printf '\nRun all jobs again: the first one says what is to be done now.\n' >>"$report"
        ;;
    130)
        status=cancelled
        title="apply to ${INPUT_ENVIRONMENT} cancelled: run the job again, and it does the rest"
        ;;
    *) status=failed title="apply to ${INPUT_ENVIRONMENT} failed" ;;
esac
output digest "$digest"
output status "$status"
heading "Storages: $title" "$report"
show "$report"
exit "$code"
