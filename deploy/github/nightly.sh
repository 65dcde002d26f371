#!/usr/bin/env bash
# Read what is due on the storages, keep a snapshot, and say whether all was proved in time. A step
# that found something (7), or could not see all (8), does not keep the next one from its work.
. "$(dirname "$0")/common.sh"

repo=${INPUT_REPOSITORY:?the input repository: where scans and snapshots are kept}
worst=0

step() {
    local code=0
    passing_signals_on reconciler "$@" -o markdown >"$work/night.md" || code=$?
    show "$work/night.md"
    case $code in
        0) ;;
        7) worst=7 ;;
        8) [ $worst -eq 7 ] || worst=8 ;;
        *) exit "$code" ;;
    esac
}

step scan "${options[@]}" --due --into "$repo" --existing --max-duration "${INPUT_MAX_DURATION:-4h}"
rm -f "$work/snapshot.digest"
step snapshot create "$repo" "${options[@]}" --existing --digest-file "$work/snapshot.digest"
# It is known also if what follows fails.
[ ! -s "$work/snapshot.digest" ] || output digest "$(cat "$work/snapshot.digest")"
step verify "$repo" "${options[@]}" --objective
exit "$worst"
