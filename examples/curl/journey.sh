#!/bin/sh
# Finds an account, reads its timeline page by page, changes the account, and follows what happens. Needs curl and jq.
#
#   ./journey.sh "Molkerei Alpenland"        until Ctrl-C
#   ./journey.sh "Molkerei Alpenland" 10     until ten things have happened
set -eu

url=${JOURNEY_URL:-http://127.0.0.1:8080}/graphql
token=${JOURNEY_TOKEN:?a token is needed: the demo prints one for each role}
name=${1:-Alpenland}
count=${2:-0}

# get JSON PATH: a value out of it.
get() { printf '%s' "$1" | jq -r "$2"; }

# send QUERY VARIABLES [OPTION...]: the bare answer. jq does the quoting.
send() {
    body=$(jq -n --arg query "$1" --argjson variables "$2" '{ $query, $variables }')
    shift 2
    curl -sS "$url" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@" -d "$body"
}

# ask QUERY VARIABLES: the data. An error of the server ends the script.
ask() {
    answer=$(send "$1" "$2")
    if [ "$(get "$answer" 'has("errors")')" = true ]; then
        get "$answer" '.errors[] | "\(.extensions.code): \(.message)"' >&2
        exit 1
    fi
    get "$answer" .data
}

# -- one account

account=$(ask 'query ($name: String!) { accounts(first: 1, filter: { name: { contains: $name } }) { nodes { id name version } } }' \
    "$(jq -n --arg name "$name" '{ $name }')")
account=$(get "$account" '.accounts.nodes[0]')
[ "$account" != null ] || { echo "You see no account named $name." >&2; exit 1; }
id=$(get "$account" .id)

# -- its timeline, newest first: the `endCursor` of a page is the `after` of the next

events=0
cursor=''
after=null
while :; do
    page=$(ask 'query ($id: ID!, $after: String) {
        timeline(subject: $id, first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor liveCursor } }
    }' "{ \"id\": \"$id\", \"after\": $after }")
    events=$((events + $(get "$page" '.timeline.nodes | length')))
    # the first page's position: what is recorded while we read on arrives live
    cursor=${cursor:-$(get "$page" .timeline.pageInfo.liveCursor)}
    [ "$(get "$page" .timeline.pageInfo.hasNextPage)" = true ] || break
    after=\"$(get "$page" .timeline.pageInfo.endCursor)\"
done
echo "$(get "$account" .name): $events events"

# -- a change, made only if nobody else was faster; a refusal is data, not an error

changed=$(ask 'mutation ($input: UpdateAccountInput!) {
    updateAccount(input: $input) { account { version } userErrors { code path message } }
}' "{ \"input\": { \"id\": \"$id\", \"ifVersion\": $(get "$account" .version), \"description\": \"Seen by curl\" } }")
get "$changed" '.updateAccount | if .account then "changed: version \(.account.version)" else .userErrors[] | "refused: \(.code) \(.message)" end'

# -- what happens, as server-sent events; after a broken line it goes on where it was

events=$(mktemp -u)
mkfifo "$events"
trap 'rm -f "$events"; kill "$stream" 2>/dev/null || true' EXIT
while :; do
    send 'subscription ($id: ID!, $after: String!) {
        timelineChanged(subject: $id, after: $after, filter: { minImportance: 0 }) { cursor event { occurredAt title } }
    }' "{ \"id\": \"$id\", \"after\": \"$cursor\" }" -N -H 'Accept: text/event-stream' >"$events" 2>/dev/null &
    stream=$!
    while read -r line; do
        case $line in
        'data: {"errors"'*)
            get "${line#data: }" '.errors[] | "\(.extensions.code): \(.message)"' >&2
            exit 1
            ;;
        'data: {'*)
            change=$(get "${line#data: }" .data.timelineChanged)
            cursor=$(get "$change" .cursor)
            get "$change" '.event | "live: \(.occurredAt) \(.title)"'
            count=$((count - 1))
            [ "$count" -ne 0 ] || exit 0
            ;;
        esac
    done <"$events"
    sleep 1
done
