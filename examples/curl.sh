#!/bin/sh
# Prices and the state of everything, with nothing but curl: examples/curl.sh [server] [symbols]
# With API_TOKEN in the environment it is sent; `tapecast up` on this machine needs none.
set -eu
server=${1:-http://localhost:8000}
symbols=${2:-AAPL,BTC/USD}

# By a file and not as an argument, which everybody on this machine could read.
get() {
    printf '%s\n' "${API_TOKEN:+header = \"Authorization: Bearer $API_TOKEN\"}" |
        curl --config - --silent --show-error --fail-with-body "$@"
}

echo "# how the server is"
get "$server/stream/status"

printf '\n\n# prices, once\n'
get "$server/prices?symbols=$symbols"

printf '\n\n# prices, five seconds of them\n'
# 28 is curl's word for the end of --max-time, of which nobody is to be told.
get --no-buffer --no-show-error --max-time 5 "$server/stream/prices?symbols=$symbols" || [ $? = 28 ]
