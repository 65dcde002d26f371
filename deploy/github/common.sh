# shellcheck shell=bash
# What the steps of action.yml share; bash, to be sourced.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work="$RUNNER_TEMP/reconciler-work"
mkdir -p "$work"
PATH="$RUNNER_TEMP/reconciler/bin:$PATH"

# A secret or variable that is not set comes as an empty one, which the program refuses.
for name in RECONCILER_TOKEN JETRAW_REFRESH_TOKEN; do
    [ -n "${!name:-}" ] || unset "$name"
done
[ -z "${INPUT_PLATFORM:-}" ] || export RECONCILER_PLATFORM="$INPUT_PLATFORM"

# The manifest and files of variables: one a line.
options=()
while IFS= read -r path; do
    [ -z "$path" ] || options+=(--file "$path")
done <<<"${INPUT_MANIFEST:-}"
while IFS= read -r path; do
    [ -z "$path" ] || options+=(--env-file "$path")
done <<<"${INPUT_ENV_FILE:-}"

forge() {
    python -IS "$here/forge.py" "$@"
}

# field FILE NAME: one value of a JSON file; nothing where there is none.
field() {
    python -IS -c '
import json, sys
value = json.load(open(sys.argv[1], encoding="utf-8"))
for name in sys.argv[2].split("."):
    value = value.get(name, "") if isinstance(value, dict) else ""
print(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
' "$1" "$2"
}

# output NAME VALUE: an output of the action. No value of ours has a second line.
output() {
    printf '%s=%s\n' "$1" "${2//$'\n'/ }" >>"$GITHUB_OUTPUT"
}

# show FILE: on the page of the run.
show() {
    cat "$1" >>"$GITHUB_STEP_SUMMARY"
}

# heading TEXT FILE: what is read first, then the report; into the file.
heading() {
    { printf '## %s\n\n' "$1" && cat "$2"; } >"$2.new"
    mv "$2.new" "$2"
}

# A runner that cancels a job sends one signal to the shell, and nothing to what that runs; ten
# seconds later it kills all. So the shell passes the signal on, as SIGTERM: an apply then starts
# nothing more, gives what runs six seconds, and says what remains.
passing_signals_on() {
    local code=0
    "$@" &
    local child=$!
    trap 'kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
    wait "$child" || code=$?
    # A wait that a signal ends has not seen the child's end.
    while kill -0 "$child" 2>/dev/null; do
        code=0
        wait "$child" || code=$?
    done
    trap - INT TERM HUP
    return "$code"
}
