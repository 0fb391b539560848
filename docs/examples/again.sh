#!/bin/sh
# Look at eight, keep them, make more, make it all again and hear whether the bytes agree, with curl alone.
set -eu
api="$PALMSITE_URL/api/v1"
auth="Authorization: Bearer $PALMSITE_TOKEN"
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
post() { curl -sS --fail-with-body -H "$auth" -H "Content-Type: application/json" -H "Idempotency-Key: $1-${KEY:-$$}" -d "$2" "$api/$3"; }
# How far it is, with rate and seconds_left, stands in the same answer.
wait_for() { while [ "$(curl -sS --fail-with-body -H "$auth" "$api/orders/$1" | field state)" = open ]; do sleep 1; done; }

# The first eight of what would be two hundred. What is not kept goes with the next preview, or by DELETE of its set.
preview=$(post preview '{"count": 200, "preview": true}' orders | field id)
wait_for "$preview"
answer=$(post keep "{\"count\": ${COUNT:-12}, \"name\": \"Kept\"}" "orders/$preview/keep")
set=$(echo "$answer" | field set)
wait_for "$(echo "$answer" | field id)"

# The numbers go on where they ended.
wait_for "$(post more '{"count": 4}' "sets/$set/more" | field id)"

answer=$(post again '{}' "sets/$set/again")
wait_for "$(echo "$answer" | field id)"
curl -sS --fail-with-body -H "$auth" "$api/sets/$(echo "$answer" | field set)" | grep -o '"agreement":{[^}]*}'

# Any picture may be asked about: it is known by its pixels, and the set is named only to who may see it.
curl -sS --fail -H "$auth" -o palm.zip "$api/sets/$set/download?numbers=0"
unzip -q -o palm.zip 000000.png
curl -sS --fail-with-body -H "$auth" -F image=@000000.png "$api/made-here" | grep -o '"made_here":[a-z]*'
