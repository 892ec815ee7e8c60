#!/bin/sh
# Instructions of one request, counted by callgrind: the same from run to run but for a thousandth, whatever else the machine does.
#
#   benches/instructions.sh            # the timeline page
#   benches/instructions.sh lookup     # or another question: a file of benches/queries
set -eu
cd "$(dirname "$0")/.."
question=${1:-timeline}
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
cargo build --release --quiet -p benches --bin instructions
program=${CARGO_TARGET_DIR:-target}/release/instructions
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" "$folder" "$question" 1
counted() {
    valgrind --tool=callgrind --callgrind-out-file="$folder/out.$1" "$program" "$folder" "$question" "$1" 2>&1 |
        sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}
few=$(counted 20)
many=$(counted 60)
echo "$question: $(((many - few) / 40)) instructions a request"
