#!/usr/bin/env bash
# Runs OpenSSH's client through a link that fails on demand, and says how it ended each time.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
node "$root/bin/postern.mjs" sim serve --port 0 >"$folder/serve.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT

# The server says where it listens when it is ready.
for _ in $(seq 300); do
  sim=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$folder/serve.log" | head -n 1) && break
  kill -0 "$server" || { cat "$folder/serve.log"; exit 1; }
  sleep 0.1
done

post() { curl -sS --fail-with-body -X POST -H 'content-type: application/json' -d "$2" "$sim$1"; }
field() { node -p 'JSON.parse(require("fs").readFileSync(0, "utf8"))[process.argv[1]]' "$1"; }

ssh-keygen -q -t ed25519 -N '' -C operator -f "$folder/key"
hostkey=$(post /panels "{\"name\": \"press4\", \"kind\": \"ssh\", \"options\": {\"username\": \"operator\", \"publicKey\": \"$(cat "$folder/key.pub")\"}}" | field hostKey)
port=$(post /links '{"name": "line", "panel": "press4"}' | field port)
echo "[127.0.0.1]:$port $hostkey" >"$folder/known_hosts"

try() {
  local code=0
  ssh -F none -i "$folder/key" -p "$port" -o BatchMode=yes -o "UserKnownHostsFile=$folder/known_hosts" \
    -o ServerAliveInterval=1 -o ServerAliveCountMax=2 operator@127.0.0.1 "$2" </dev/null || code=$?
  echo "$1: exit code $code"
}

try healthy 'echo hello'
post /links/line/faults '{"fault": "latency", "parameters": {"ms": 100}}' >/dev/null
try slow 'echo hello'
post /reset '{}' >/dev/null
post /links/line/faults '{"fault": "refuse"}' >/dev/null
try refused 'echo hello'
post /reset '{}' >/dev/null
post /links/line/faults '{"fault": "reset", "schedule": {"afterMs": 2000}}' >/dev/null
try 'reset after 2 s' 'echo started; sleep 60'
