#!/bin/sh
# Order, wait, download, verify, with curl alone. PALMSITE_URL and PALMSITE_TOKEN say where and who.
set -eu
api="$PALMSITE_URL/api/v1"
auth="Authorization: Bearer $PALMSITE_TOKEN"
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# Sending this again with the same key gives the same order, not a second one.
answer=$(curl -sS --fail-with-body -H "$auth" -H "Content-Type: application/json" -H "Idempotency-Key: ${KEY:-$$}" \
  -d "{\"count\": ${COUNT:-8}, \"seed\": 4711}" "$api/orders")
order=$(echo "$answer" | field id)
set=$(echo "$answer" | field set)

while [ "$(curl -sS --fail-with-body -H "$auth" "$api/orders/$order" | field state)" = open ]; do sleep 1; done

# -C - goes on where a broken download stopped.
curl -sS --fail -C - -H "$auth" -o palms.zip "$api/sets/$set/download"
unzip -q -o palms.zip -d palms
(cd palms && sha256sum -c --quiet SHA256SUMS)
echo "set $set: $(ls palms/*.png | wc -l) images, all as SHA256SUMS says"
