#!/usr/bin/env bash
# Check the manifest; needs no token and no platform.
. "$(dirname "$0")/common.sh"

code=0
reconciler validate "${options[@]}" -o markdown >"$work/validate.md" || code=$?
heading "Storages: manifest" "$work/validate.md"
show "$work/validate.md"
output status "$([ $code -eq 0 ] && echo valid || echo invalid)"
exit "$code"
