#!/bin/sh
# Each night: read what is new and what is due, keep a snapshot, compare it with the one before, and
# say whether every byte was proved within the cycle. With DEEP=1: read every byte now. With
# METRICS=FILE.prom: write numbers for Prometheus there, with each step that looks at storages.
#
# Usage: nightly.sh REPO, in the folder of the manifest; digests and findings are written there,
# dated, and which snapshot was compared last: keep the digests elsewhere too, in Git or on paper. The repository is there already: none
# is begun by night, in the folder of a mount that is missing. The exit code is that of the worst
# thing that happened: 7 something is not what it was, 8 something could not be looked at or was
# not read in time, 1 a snapshot is corrupt, 0 all was compared and agrees. If it is not 0, the last line says why.
set -u
if [ $# -ne 1 ]; then
    echo "Say where the repository is: nightly.sh REPO" >&2
    exit 64
fi
repo=$1
metrics=${METRICS:-}
now=$(date +%F-%H%M%S)-$$
worst=0
steps=

# step NAME COMMAND…: what is no verdict, such as a repository that is not there, ends the night.
step() {
    name=$1
    shift
    "$@"
    code=$?
    [ $code -eq 0 ] || steps="$steps${steps:+, }$name ($code)"
    case $code in
        0) ;;
        7) worst=7 ;;
        8) [ $worst -eq 7 ] || worst=8 ;;
        *) finish $code "it was cut short" ;;
    esac
}

# snapshot_of ID: when it was made, as its id has it, for people.
snapshot_of() {
    printf '%s\n' "$1" | sed -E \
        's/^([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2})([0-9]{2})([0-9]{2})-.*/of \1-\2-\3 \4:\5:\6 UTC (&)/'
}

finish() {
    echo "Exit code $1: $2. See, above: $steps."
    exit "$1"
}

step scan reconciler scan --due --into "$repo" --existing --max-duration 6h \
    ${metrics:+--metrics "$metrics"}
step snapshot reconciler snapshot create "$repo" --existing --digest-file "digest-$now.sha256" \
    ${metrics:+--metrics "$metrics"}
# Tonight's and the one that was compared last, whatever was cut short since: `compared.id` has it.
# Complete or not: what one of them does not know is not verified.
list=$(reconciler snapshot list "$repo" -o json)
listed=$?
if [ $listed -ne 0 ]; then # what can be read is compared all the same
    printf '%s\n' "$list"
    steps="$steps${steps:+, }snapshot list ($listed)"
fi
ids=$(printf '%s\n' "$list" | sed -n '/"id"/h; /"digest"/{x;s/.*"id": "\([^"]*\)".*/\1/p;}')
tonight=$(printf '%s\n' "$ids" | sed -n 1p)
before=$(cat compared.id 2>/dev/null)
which="the one that was compared last"
[ -z "$before" ] || [ -z "$ids" ] || printf '%s\n' "$ids" | grep -qxF "$before" ||
    echo "The snapshot $(snapshot_of "$before"), which was compared last, is not there any more."
if [ -z "$before" ] || ! printf '%s\n' "$ids" | grep -qxF "$before"; then
    before=$(printf '%s\n' "$ids" | sed -n 2p)
    which="the one before it"
fi
if [ -z "$before" ]; then
    echo "Nothing was compared: there is no earlier snapshot that can be read."
elif [ "$before" = "$tonight" ]; then
    echo "Nothing was compared: another run has compared the latest snapshot, $(snapshot_of "$tonight")."
else
    echo "Comparing the snapshot $(snapshot_of "$tonight") with $which," \
        "$(snapshot_of "$before")."
    step comparison reconciler verify "$repo@$tonight" --against "$repo@$before" \
        --rows "findings-$now.csv"
fi
[ -z "$tonight" ] || { printf '%s\n' "$tonight" >"compared.$$" && mv "compared.$$" compared.id; }
if [ "${DEEP:-0}" = 1 ]; then
    step deep reconciler verify "$repo" --deep --max-duration 12h ${metrics:+--metrics "$metrics"}
fi
step objective reconciler verify "$repo" --objective ${metrics:+--metrics "$metrics"}
case $worst in
    7) finish 7 "something is not what it was" ;;
    8) finish 8 "something could not be looked at, or was not read in time" ;;
esac
[ $listed -eq 0 ] || finish $listed "a snapshot is corrupt, and nothing was compared with it"
