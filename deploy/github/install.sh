#!/usr/bin/env bash
# Install the program from the commit of the action, with the libraries that it was tested with,
# into an environment of its own.
set -euo pipefail

unset RECONCILER_TOKEN JETRAW_REFRESH_TOKEN # no build of a package has need of them

home="$RUNNER_TEMP/reconciler"
packages=()
while IFS= read -r package; do
    [ -z "$package" ] || packages+=("$package")
done <<<"${INPUT_PACKAGES:-}"

python -I -m venv "$home"
"$home/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    --constraint "$GITHUB_ACTION_PATH/constraints.txt" \
    "$GITHUB_ACTION_PATH${INPUT_EXTRAS:+[$INPUT_EXTRAS]}" ${packages[@]+"${packages[@]}"}
"$home/bin/reconciler" --version
