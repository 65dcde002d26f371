#!/bin/sh
# A drill: a lab with files, a snapshot, the loss of the platform, a rebuild, and proof that it is
# the same; then faults in the files, which must be found. It takes less than two minutes.
#
# Usage: drill.sh [FOLDER]; FOLDER must not exist (default: drill). Nothing outside of it is touched.
set -eu
folder=${1:-drill}
if [ -e "$folder" ]; then
    echo "$folder is there already, perhaps from the last drill: remove it, or name another folder" >&2
    exit 64
fi
mkdir "$folder"
cd "$folder"
unset RECONCILER_PLATFORM RECONCILER_SCOPE

say() { printf '\n== %s\n' "$*"; }

fail() {
    echo "THE DRILL FAILED: $1. Look into $PWD" >&2
    exit "$2"
}

# ends COMMAND…: shows its last line, which says what matters most; what fails ends the drill.
ends() {
    code=0
    "$@" > last.txt || code=$?
    tail -n 1 last.txt
    [ $code -eq 0 ] || fail "$1 $2 ended with $code" $code
}

say "A lab: 5 storages with 20 files each, in a manifest"
{
    printf 'version: 1\nplatform: sqlite:///platform.db  # the one that will be lost\nstorages:\n'
    for storage in nas-1 nas-2 nas-3 nas-4 nas-5; do
        mkdir "$storage"
        for number in $(seq 20); do echo "$storage $number" > "$storage/$number.tif"; done
        touch -d 2024-05-01 "$storage"/*.tif
        printf '  - {name: %s, label: %s, type: local, default_url: "%s"}\n' \
            "$storage" "Rack ${storage#nas-}" "$PWD/$storage"
    done
} > storages.yaml
reconciler apply -y -q
reconciler scan nas-1 nas-2 nas-3 nas-4 nas-5 -q
# One entry is pinned to the id that its storage has.
id=$(reconciler list -o json | python3 -c '
import json, sys
print(next(s["id"] for s in json.load(sys.stdin)["storages"] if s["name"] == "nas-1"))')
sed "s/{name: nas-1,/{name: nas-1, id: \"$id\",/" storages.yaml > storages.yaml.before
cp storages.yaml.before storages.yaml

say "A quiet day: a snapshot, and its digest in a place of its own"
reconciler snapshot create proofs --scan --digest-file proofs.digest -q

say "The night: the platform is gone"
mv platform.db lost.db
ends reconciler verify proofs --deep -q

say "The storages come back, on another platform; nothing else is believed than the digest"
ends reconciler rebuild proofs --expect "$(cat proofs.digest)" --platform sqlite:///rebuilt.db -y \
    --ids ids.json --rewrite-manifest storages.yaml

say "Rebuilt is not verified: the platform's records of files, and then every byte"
ends reconciler verify proofs --platform sqlite:///rebuilt.db -q
ends reconciler verify proofs --deep -q

say "The manifest holds for the new platform, pinned entry and all"
sed 's/platform.db/rebuilt.db/' storages.yaml > moved.yaml
mv moved.yaml storages.yaml
ends reconciler plan --detailed-exitcode

say "Three faults: a bit rots, a file goes, and a mount is not there"
echo "nas-2 ?" > nas-2/7.tif
touch -d 2024-05-01 nas-2/7.tif
rm nas-3/9.tif
mv nas-4 unmounted
code=0
reconciler verify proofs --deep -q > findings.txt || code=$?
cat findings.txt
[ $code -eq 7 ] || fail "reconciler verify ended with $code, and not with 7" 1
for found in "nas-2:  damaged  7.tif" "nas-3:  missing  9.tif" "nas-4:  not reachable" \
    "FINDINGS: 1 damaged, 1 missing, 1 storage not reachable;"; do
    grep -q "^$found" findings.txt || fail "nothing says: $found" 1
done
say "All three were named, and nothing else: the drill is over. It left everything in $PWD"
