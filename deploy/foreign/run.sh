#!/usr/bin/env bash
# Judges WebAuthn servers that are not passkeylab's: starts each on loopback, holds the cases of relying parties against it by
# its target file, and writes the reports.
#
#   deploy/foreign/run.sh [NAME…]     all of them, or those named: simplewebauthn, fido2-lib, passwordless-id, better-auth
#
#   PASSKEYLAB   the binary: .bin/passkeylab            CHECK_ARGS   more flags for check rp: --only='reg/*'
#   RATE_LIMIT   on: better-auth has its limit of requests
#   REPORTS      where reports go: reports/out/foreign  CACHE        where npm's modules go: ~/.cache/passkeylab/foreign
#
# Exit codes: 0 every server was judged, whatever was found; 1 one could not be; 2 something is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
passkeylab=$(realpath "${PASSKEYLAB:-$root/.bin/passkeylab}")
reports=${REPORTS:-$root/reports/out/foreign}
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/passkeylab/foreign}
for tool in node npm; do
    command -v "$tool" >/dev/null || { echo "foreign: $tool is missing; install Node.js 20 or newer (Debian: nodejs npm)" >&2; exit 2; }
done
[ -x "$passkeylab" ] || { echo "foreign: $passkeylab is missing; run make build" >&2; exit 2; }
mkdir -p "$cache" "$reports"
reports=$(realpath "$reports")

# The modules are installed again only when their versions change.
if ! cmp -s "$here/package-lock.json" "$cache/installed.json"; then
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$cache/"
    (cd "$cache" && npm ci --prefer-offline)
    cp "$here/package-lock.json" "$cache/installed.json"
fi
cp "$here"/*.mjs "$cache/"

# What the suite's authenticators attest with, for the servers that can be told whom to trust.
export TRUST=$cache/trust
"$passkeylab" check rp --export-trust="$TRUST" >/dev/null

server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    server=
}
trap stop EXIT

# A port that nobody has now; between this and the server's start somebody else could take it, and then the server says so.
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

judge() {
    local name=$1 log=$reports/$1.log code=0
    PORT=$(free_port)
    export PORT
    rm -f "$reports/$name".{json,xml,html,txt}
    : >"$log" # what an earlier server said is not this one's
    (cd "$cache" && exec node "$name.mjs") >"$log" 2>&1 &
    server=$!
    until grep -q '^listening$' "$log"; do
        kill -0 "$server" 2>/dev/null || { echo "foreign: $name did not start:" >&2; cat "$log" >&2; return 1; }
        sleep 0.2
    done
    # On a machine that has much else to do, a thousand requests take longer than a case usually has.
    # shellcheck disable=SC2086 # CHECK_ARGS are words
    "$passkeylab" check rp --target="$here/$name.yaml" --seed=1 --case-timeout=10m --json="$reports/$name.json" --junit="$reports/$name.xml" \
        --html="$reports/$name.html" ${CHECK_ARGS:-} >"$reports/$name.txt" || code=$?
    stop
    tail -n 40 "$reports/$name.txt" | grep -E ' cases in ' || true
    [ -s "$reports/$name.json" ] || { echo "foreign: $name could not be judged (exit code $code)" >&2; return 1; }
}

names=("$@")
[ "${#names[@]}" -gt 0 ] || names=(simplewebauthn fido2-lib passwordless-id better-auth)
failed=0
for name in "${names[@]}"; do
    [ -f "$here/$name.mjs" ] && [ "$name" != site ] || { echo "foreign: there is no server $name here" >&2; exit 2; }
    echo "== $name"
    judge "$name" || failed=1
    stop
done
echo "reports: $reports"
exit "$failed"
