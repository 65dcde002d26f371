#!/usr/bin/env bash
# Check the manifest; needs no token and no platform.
. "$(dirname "$0")/common.sh"

exec reconciler validate "${options[@]}" -o github
