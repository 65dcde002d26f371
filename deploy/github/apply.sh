#!/usr/bin/env bash
# Apply what was reviewed: the plan in the comment of the pull request that this commit merged, or
# the digest that whoever started the run has given. Anything else stops, and says what to do.
# `reviewed.sh` has looked for that before.
. "$(dirname "$0")/common.sh"

report="$work/apply.md"
rm -f "$work"/now.* "$report"
output report "$report"

# stop CODE REASON: nothing was applied. The plan of now, if there is one, is what to review.
stop() {
    {
        printf '**Nothing was applied: %s.**\n\n' "$2"
        [ ! -s "$work/now.md" ] || cat "$work/now.md"
    } >"$report"
    heading "Storages: apply to ${INPUT_ENVIRONMENT} stopped" "$report"
    show "$report"
    echo "Stopped: $2." >&2
    exit "$1"
}

forge head 2>"$work/head" || {
    why=$(head -n 1 "$work/head")
    stop 1 "${why#Stopped: }"
}
# What is to be done now. An empty plan needs nobody's review.
code=0
summary=$GITHUB_STEP_SUMMARY
export GITHUB_STEP_SUMMARY="$work/now.summary" # the page of the run shows what comes of it
reconciler plan "${options[@]}" --out "$work/now.json" -o github -o "markdown=$work/now.md" || code=$?
export GITHUB_STEP_SUMMARY="$summary"
case $code in
    0) ;;
    3) stop 3 "policy blocks the plan" ;;
    *) stop "$code" "there is no plan" ;;
esac
if [ "$(field "$work/now.json" operations)" = "[]" ]; then
    { heading "Storages: ${INPUT_ENVIRONMENT}" "$work/now.md" && mv "$work/now.md" "$report"; }
    show "$report"
    exit 0
fi

digest=${INPUT_DIGEST:-$(field "$work/reviewed.json" digest)}
now=$(field "$work/now.json" digest)
how="To apply the plan below, look at it, then start this workflow by hand with the digest $now"
[ -n "$digest" ] || stop 4 "nobody has reviewed a plan for this commit. $how"

# The reviewed plan itself, if it is still there, also covers what a cancelled run has left.
expected=$digest
saved="$work/reviewed/plan.json"
if [ -z "${INPUT_DIGEST:-}" ] && [ -s "$saved" ]; then
    reconciler show "$saved" -o json >"$work/shown.json" ||
        stop 4 "the saved plan can't be read. $how"
    [ "$(field "$work/shown.json" digest)" = "$digest" ] ||
        stop 4 "the saved plan is not the one in the comment. $how"
    expected=$saved
fi

code=0
passing_signals_on reconciler apply "${options[@]}" --expect "$expected" -o markdown >"$report" || code=$?
case $code in
    0) title="applied to ${INPUT_ENVIRONMENT}" ;;
    4) title="apply to ${INPUT_ENVIRONMENT} stopped" ;;
    130) title="apply to ${INPUT_ENVIRONMENT} cancelled: run the job again, and it does the rest" ;;
    *) title="apply to ${INPUT_ENVIRONMENT} failed" ;;
esac
[ $code -ne 4 ] || { printf '\n%s.\n\n' "$how" && cat "$work/now.md"; } >>"$report"
heading "Storages: $title" "$report"
show "$report"
exit "$code"
