#!/bin/sh
# Each night: read what is new and what is due, keep a snapshot, compare it with the one before, and
# say whether every byte was proved within the cycle. With DEEP=1: read every byte now.
#
# Usage: nightly.sh REPO, in the folder of the manifest; digests and findings are written there,
# dated: keep the digests elsewhere too, in Git or on paper. The exit code is that of the worst
# thing that happened: 7 something is not what it was, 8 something could not be looked at or was
# not read in time, 0 all was compared and agrees.
set -u
repo=${1:?"say where the repository is: nightly.sh REPO"}
worst=0

step() {
    "$@"
    code=$?
    case $code in
        0) ;;
        7) worst=7 ;;
        8) [ $worst -eq 7 ] || worst=8 ;;
        *) exit $code ;;
    esac
}

step reconciler scan --due --into "$repo" --max-duration 6h
step reconciler snapshot create "$repo" --digest-file "digest-$(date +%F).sha256"
if [ "$(reconciler snapshot list "$repo" -o json | grep -c '"digest"')" -gt 1 ]; then
    step reconciler verify --against "$repo" --rows "findings-$(date +%F).csv"
fi
if [ "${DEEP:-0}" = 1 ]; then
    step reconciler verify "$repo" --deep --max-duration 12h
fi
step reconciler verify "$repo" --objective
exit $worst
