#!/bin/sh
# Have a set made into one Parquet file, wait, download and verify it, with curl alone. SET is the id of the set.
set -eu
api="$PALMSITE_URL/api/v1"
auth="Authorization: Bearer $PALMSITE_TOKEN"
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# The same wish for the same set finds the file that is there.
export=$(curl -sS --fail-with-body -H "$auth" -H "Content-Type: application/json" \
  -d "{\"set\": \"$SET\", \"format\": \"${FORMAT:-parquet}\"}" "$api/exports" | field id)

while answer=$(curl -sS --fail-with-body -H "$auth" "$api/exports/$export"); [ "$(echo "$answer" | field state)" = waiting ]; do sleep 1; done
[ "$(echo "$answer" | field state)" = ready ] || { echo "$answer" | field message; exit 1; }

# -C - goes on where a broken download stopped.
curl -sS --fail -C - -H "$auth" -o "palms.${FORMAT:-parquet}" "$api/exports/$export/download"
echo "$(echo "$answer" | field sha256)  palms.${FORMAT:-parquet}" | sha256sum -c --quiet
echo "export $export: palms.${FORMAT:-parquet}, as its SHA-256 says"
