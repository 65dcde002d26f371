# shellcheck shell=bash
# What the steps of action.yml share; bash, to be sourced.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work="$RUNNER_TEMP/reconciler-work"
mkdir -p "$work"
report="$work/report.md" # what confirm and apply say in the end
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

# output NAME VALUE: an output of the action. No value of ours has a second line.
output() {
    printf '%s=%s\n' "$1" "${2//$'\n'/ }" >>"$GITHUB_OUTPUT"
}

# told NAME: what this step has given as that output, in the end.
told() {
    sed -n "s/^$1=//p" "$GITHUB_OUTPUT" | tail -n 1
}

# digest_in TEXT: the digest that a person has copied, or an earlier job passes on. Nothing else
# may get to `--expect`, which takes names of files, too.
digest_in() {
    local text=${1//[[:space:]]/}
    [[ $text =~ ^sha256:[0-9a-f]{64}$ ]] || return 1
    printf '%s' "$text"
}

# show FILE: on the page of the run.
show() {
    cat "$1" >>"$GITHUB_STEP_SUMMARY"
}

# heading TEXT FILE: what is read first, then the report; into the file.
heading() {
    [ -s "$2" ] || echo "There is no report: the log of this job says why." >"$2"
    { printf '## %s\n\n' "$1" && cat "$2"; } >"$2.new"
    mv "$2.new" "$2"
}

# stop CODE REASON [FILE…]: nothing is applied; why, and what files say of it, into the report.
stop() {
    local code=$1 reason=$2 file
    shift 2
    {
        printf '**Nothing was applied: %s.**\n\n' "$reason"
        for file; do
            [ ! -s "$file" ] || { cat "$file" && echo; }
        done
    } >"$report"
    heading "Storages: apply to ${INPUT_ENVIRONMENT} stopped" "$report"
    show "$report"
    output report "$report"
    output status stopped
    echo "Stopped: $reason." >&2
    exit "$code"
}

# Stop unless the commit of this run is still the head of its branch.
still_head() {
    local why
    forge head 2>"$work/head" || {
        why=$(head -n 1 "$work/head")
        stop 1 "${why#Stopped: }"
    }
}

# A runner that cancels a job sends one signal to the shell, and nothing to what that runs; ten
# seconds later it kills all. So the shell passes the signal on, as SIGTERM: an apply then starts
# nothing more, gives what runs six seconds, and says what remains.
passing_signals_on() {
    local code=0 child=
    trap '[ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
    "$@" &
    child=$!
    wait "$child" || code=$?
    # A wait that a signal ends has not seen the child's end.
    while kill -0 "$child" 2>/dev/null; do
        code=0
        wait "$child" || code=$?
    done
    trap - INT TERM HUP
    return "$code"
}
