#!/usr/bin/env bash
# After a merge, before anybody is asked to agree: show on the page of the run what is to be done
# now, and stop unless that was reviewed: in the pull request that this commit merged (`reviewed.sh`
# has looked there), or by whoever started the run with the digest of a plan.
. "$(dirname "$0")/common.sh"

plan="$work/plan.json"
rm -f "$work"/plan.* "$work/difference.md" "$report"

still_head
code=0
summary=$GITHUB_STEP_SUMMARY
export GITHUB_STEP_SUMMARY="$work/plan.summary" # ours begins with what comes of it
reconciler plan "${options[@]}" --out "$plan" -o github -o "markdown=$work/plan.md" || code=$?
export GITHUB_STEP_SUMMARY="$summary"
case $code in
    0) ;;
    3) stop 3 "policy blocks the plan" "$work/plan.md" ;;
    *) stop "$code" "there is no plan" "$work/plan.md" ;;
esac
# An empty plan needs nobody's review.
if [ "$(told status)" = no_changes ]; then
    heading "Storages: ${INPUT_ENVIRONMENT}" "$work/plan.md"
    cp "$work/plan.md" "$report"
    show "$report"
    output report "$report"
    exit 0
fi

digest=$(told digest)
how="To apply the plan below, look at it, then start this workflow by hand with the digest $digest"
if [ -n "${INPUT_DIGEST:-}" ]; then
    which="The plan that this run was started for"
    expected=$(digest_in "$INPUT_DIGEST") ||
        stop 64 "the digest to start with is sha256: and 64 hexadecimal digits. $how" "$work/plan.md"
elif [ -n "${REVIEWED_DIGEST:-}" ]; then
    which="The plan of pull request #${PULL}, or what is left of it"
    expected=$REVIEWED_DIGEST
    # The reviewed plan itself, if it is still there, also covers what a cancelled run has left.
    saved="$work/reviewed/plan.json"
    if [ -s "$saved" ]; then
        reconciler show "$saved" --expect "$expected" >/dev/null ||
            stop 4 "the saved plan is not the one in the comment. $how" "$work/plan.md"
        expected=$saved
    fi
else
    stop 4 "nobody has reviewed a plan for this commit. $how" "$work/plan.md"
fi
reconciler show "$plan" --expect "$expected" -o markdown >"$work/difference.md" ||
    stop 4 "this is not what was reviewed. $how" "$work/difference.md" "$work/plan.md"

{
    printf '**%s.** The next job applies what stands here, and nothing else.' "$which"
    # shellcheck disable=SC2016 # a digest between back quotes
    printf ' Its digest: `%s`\n\n' "$digest"
    cat "$work/plan.md"
} >"$report"
heading "Storages: to be applied to ${INPUT_ENVIRONMENT}" "$report"
show "$report" # the comment is for the job that applies to write
