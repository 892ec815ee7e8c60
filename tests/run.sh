#!/bin/sh
# Every test of Journey, on SQLite and on PostgreSQL: formatting, lints, all crates, and the clients that front ends bring.
#
# PostgreSQL: the server that JOURNEY_TEST_POSTGRES names or that answers on this machine; else one is started from installed
# programs in a folder of its own, and stopped at the end. Without any, the PostgreSQL half says loudly that it did not run,
# and with CI=true the whole run fails.
#
# The clients (web/) need Node 20 or later with npm, /usr/bin/chromium, python3 with venv, curl and jq: likewise.
set -eu
cd "$(dirname "$0")/.."

# The stack of the program's own threads (api/src/main.rs): unoptimised code walks the roots of the graph on it.
export RUST_MIN_STACK=8388608

began=$(date +%s)
say() { printf '\n== %s (after %s s)\n' "$*" $(($(date +%s) - began)); }

started=""
stop() {
    [ -n "$started" ] || return 0
    as_postgres "$bin/pg_ctl" -D "$started/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$started"
}
trap stop EXIT
trap 'exit 130' INT TERM

# The server refuses to run as root.
as_postgres() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif command -v runuser >/dev/null 2>&1; then
        runuser -u postgres -- "$@"
    else
        su postgres -s /bin/sh -c 'exec "$0" "$@"' -- "$@"
    fi
}

find_bin() {
    for folder in "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")" /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            echo "$folder"
            return 0
        fi
    done
    return 1
}

answers() {
    # Bash and nc may be missing; pg_isready comes with every server.
    ready=$(command -v pg_isready || { folder=$(find_bin) && echo "$folder/pg_isready"; }) || return 1
    "$ready" -q -d "$1"
}

start_postgres() {
    bin=$(find_bin) || return 1
    started=$(mktemp -d)
    chmod 755 "$started"
    [ "$(id -u)" != 0 ] || chown postgres "$started"
    as_postgres "$bin/initdb" -D "$started/data" -U postgres -A trust -E UTF8 --no-sync >"$started.log" 2>&1 || { cat "$started.log"; rm -f "$started.log"; return 1; }
    rm -f "$started.log"
    # A free port: the first of a few that nobody holds.
    for port in 54320 54321 54322 54323 54324 54325 54326 54327 54328 54329; do
        options="-p $port -k $started -h 127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"
        if as_postgres "$bin/pg_ctl" -D "$started/data" -l "$started/log" -w -o "$options" start >/dev/null 2>&1; then
            JOURNEY_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    cat "$started/log"
    return 1
}

: "${JOURNEY_TEST_POSTGRES:=postgres://postgres@127.0.0.1:5432/postgres}"
if answers "$JOURNEY_TEST_POSTGRES"; then
    say "PostgreSQL answers"
elif start_postgres; then
    say "PostgreSQL was started for this run"
elif [ -n "${CI:-}" ]; then
    say "no PostgreSQL: with CI set, that is a failure"
    exit 1
else
    say "*** no PostgreSQL: its half of the tests will not run ***"
fi
export JOURNEY_TEST_POSTGRES

say "formatting"
cargo fmt --all -- --check

say "lints"
cargo clippy --workspace --all-targets -- -D warnings

say "tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast --status-level fail --final-status-level fail
else
    cargo test --workspace --no-fail-fast --lib --bins --tests
fi

# The tests built all but the program itself; the same selection, so that nothing is built twice.
cargo build --workspace --all-targets
JOURNEY_BIN=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/journey
export JOURNEY_BIN

# Before 1.0 a change may break clients, but it is said. From then on: without --allow-breaking.
say "the schema since the last release"
"$JOURNEY_BIN" schema --check-against schema/released --allow-breaking

say "examples in the documentation"
cargo test --workspace --doc --quiet

if command -v npm >/dev/null 2>&1; then
    say "clients"
    (cd web && npm ci && npm test)
elif [ -n "${CI:-}" ]; then
    say "no npm: with CI set, that is a failure"
    exit 1
else
    say "*** no npm: the clients will not be tried ***"
fi

say "all of it passed"
