#!/usr/bin/env bash
# Runs public conformance suites against the echo server of this folder, and says how many of their cases pass:
#
#   h1spec   HTTP/1.1     https://github.com/uNetworking/h1spec     needs git and npm (for deno)
#   h2spec   HTTP/2       https://github.com/summerwind/h2spec      needs Go; or H2SPEC=path/to/h2spec
#   kosoku   WebSockets   Autobahn's cases, https://pypi.org/project/kosoku      needs Python
#
# A suite that cannot be had is said to be left out. H1SPEC=path/to/h1spec takes a checkout that is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

suites="${SUITES:-${CARGO_TARGET_DIR:-target}/suites}"
mkdir -p "$suites"
suites="$(cd "$suites" && pwd)"
export PORT="${PORT:-38470}"
outcome=0

cargo build --release --package conformance-koa-rs
"${CARGO_TARGET_DIR:-target}/release/conformance-koa-rs" &
server=$!
trap 'kill "$server"' EXIT
until (: >"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do sleep 0.1; done

left_out() { echo "$1 is left out: it cannot be had here"; }

echo "== h1spec"
if [[ -z "${H1SPEC:-}" ]]; then
  H1SPEC="$suites/h1spec"
  [[ -d "$H1SPEC" ]] || git clone --quiet https://github.com/uNetworking/h1spec "$H1SPEC" || true
  # The state whose figures koa-core/docs/conformance.md has.
  git -C "$H1SPEC" checkout --quiet f0a5650 || true
fi
[[ -x "$suites/node_modules/.bin/deno" ]] || npm install --silent --no-save --prefix "$suites" deno@2.9.6 || true
if [[ -f "$H1SPEC/http_test.ts" && -x "$suites/node_modules/.bin/deno" ]]; then
  # Its types are not checked: it does not pass deno's own check.
  "$suites/node_modules/.bin/deno" run --no-check --allow-net "$H1SPEC/http_test.ts" 127.0.0.1 "$PORT" 2>&1 |
    grep --invert-match '✅' || outcome=1
else
  left_out h1spec
fi

echo "== h2spec"
if [[ -z "${H2SPEC:-}" ]]; then
  H2SPEC="$suites/h2spec"
  [[ -x "$H2SPEC" ]] || GOBIN="$suites" go install github.com/summerwind/h2spec/cmd/h2spec@v2.6.0 || true
fi
if [[ -x "$H2SPEC" ]]; then
  "$H2SPEC" --strict --host 127.0.0.1 --port "$PORT" >"$suites/h2spec.txt" || true
  sed -n '/^Failures/,$p' "$suites/h2spec.txt"
  # The one that is explained in koa-core/docs/conformance.md.
  grep --quiet ' 1 failed' "$suites/h2spec.txt" && grep --quiet '3\.5\. HTTP/2 Connection Preface' "$suites/h2spec.txt" || outcome=1
else
  left_out h2spec
fi

echo "== kosoku"
if [[ ! -x "$suites/python/bin/kosoku" ]]; then
  python3 -m venv "$suites/python" && "$suites/python/bin/pip" install --quiet kosoku==0.1.0 || true
fi
if [[ -x "$suites/python/bin/kosoku" ]]; then
  # Without 12 and 13, which are about the extension for compression: it is not offered.
  "$suites/python/bin/kosoku" --exclude '12.*' --exclude '13.*' --outdir "$suites/kosoku" "ws://127.0.0.1:$PORT" \
    >"$suites/kosoku.txt" 2>&1 || outcome=1
  grep --invert-match '^wrote' "$suites/kosoku.txt"
else
  left_out kosoku
fi

exit "$outcome"
