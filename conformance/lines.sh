# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the program that sources this sets emulator, client, version and work, and reads failed
# What the shell programs share; sourced by them. They print one JSON line a call, as the others do.

# need WHAT TEST...: ends the call as failed unless the test holds.
need() {
  if ! test "${@:2}"; then
    echo "$1" >&2
    return 1
  fi
}

# from FILE EXPRESSION: what a JavaScript expression makes of the JSON in FILE, which it calls x. Lists are printed one
# element a line.
from() {
  node -e "
    const x = JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8'))
    const value = $2
    console.log(Array.isArray(value) ? value.join('\\n') : (value ?? ''))" "$1"
}

# emulator EXPRESSION: the same of the emulator's line.
emulator() { from "$emulator" "$1"; }

# line CALL OK KEY TEXT: prints the line of one call.
line() {
  local text
  text=$(tr -s '[:cntrl:]' ' ' <<<"$4")
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '{"client":"%s","version":"%s","way":"proxy","call":"%s","ok":%s,"%s":"%s"}\n' \
    "$client" "$version" "$1" "$2" "$3" "${text% }"
}

# call NAME FUNCTION [ARGUMENT...]: makes one call of the surface. What the function prints is its result; whatever
# fails in it ends it, and what was written to standard error is the reason.
failed=0
call() {
  local out rc
  set +e
  out=$(
    set -e
    "${@:2}" 2>"$work/error"
  )
  rc=$?
  set -e
  if ((rc == 0)); then
    line "$1" true result "$out"
  else
    failed=1
    line "$1" false error "$(cat "$work/error")"
  fi
}

# keep NAME VALUE and kept NAME: what one call finds for later ones. A call runs in a shell of its own.
keep() { printf '%s' "$2" >"$work/kept-$1"; }
kept() {
  need "an earlier call found no $1" -s "$work/kept-$1"
  cat "$work/kept-$1"
}
