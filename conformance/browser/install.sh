#!/bin/sh
# Installs what browser.py needs: Chromium of Debian, axe-core and Leaflet from npm, and STAC Browser from npm, built; both below $WEIR_VENVS/browser (target/venvs by default).
# What is installed already is left alone.
set -eu

version=4.0.1
axe=4.11.0
leaflet=1.9.4
# Of what it is built from, nothing newer than this is taken; newer versions of ol-stac want another OpenLayers.
before=2026-11-15
ol_stac=1.1.0

here=$(cd "$(dirname "$0")" && pwd)
built=${WEIR_VENVS:-$here/../../target/venvs}/browser

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=""
for pair in chromium:chromium nodejs:node npm:npm; do
    command -v "${pair##*:}" >/dev/null || missing="$missing ${pair%%:*}"
done
if [ -n "$missing" ]; then
    as_root apt-get update -q
    # shellcheck disable=SC2086  # a list of packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

mkdir -p "$built"
if [ ! -e "$built/axe-$axe.min.js" ]; then
    echo "axe-core: installing in $built"
    scratch=$(mktemp -d)
    (cd "$scratch" && tar -xzf "$(npm pack --silent "axe-core@$axe")")
    mv "$scratch/package/axe.min.js" "$built/axe-$axe.min.js"
    rm -rf "$scratch"
fi
if [ ! -e "$built/leaflet-$leaflet" ]; then
    echo "Leaflet: installing in $built"
    scratch=$(mktemp -d)
    (cd "$scratch" && tar -xzf "$(npm pack --silent "leaflet@$leaflet")")
    mv "$scratch/package/dist" "$built/leaflet-$leaflet"
    rm -rf "$scratch"
fi
if [ "$(cat "$built/stamp" 2>/dev/null)" = "$version" ]; then
    echo "STAC Browser: up to date"
    exit 0
fi
echo "STAC Browser: building in $built"
rm -rf "$built/dist" "$built/package" "$built/stamp"
cd "$built"
tar -xzf "$(npm pack --silent "@radiantearth/stac-browser@$version")"
cd package
npm install --silent --ignore-scripts --no-audit --no-fund --before="$before" "ol-stac@$ol_stac"
# Settings come with each page's address; nothing is asked of other servers.
npx --no-install vue-cli-service build --noSourceMaps > "$built/build.log" 2>&1
mv dist "$built/dist"
rm -rf "$built/package"
# Written last: an interrupted installation starts again.
echo "$version" > "$built/stamp"
