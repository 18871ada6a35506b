#!/bin/sh
# Installs the clients of the conformance run: those of Debian (ncdump, ncks, cdo, ncview with an
# X server without a screen, getdap, R and Octave with their packages for netCDF, GDAL for Python, Node where it is missing), zarrita and
# zarr.js from npm, and one Python environment for each requirements-*.txt here, below $WEIR_VENVS (target/venvs by default).
# What is installed already is left alone, so that a second run takes no time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venvs=${WEIR_VENVS:-$here/../target/venvs}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=""
# package:program it brings
for pair in netcdf-bin:ncdump netcdf-bin:nccopy nco:ncks cdo:cdo hdf5-tools:h5dump ncview:ncview xvfb:Xvfb libdap-bin:getdap libdap-bin:getdap4; do
    [ -x "/usr/bin/${pair##*:}" ] || missing="$missing ${pair%%:*}"
done
for package in r-cran-ncdf4 octave-netcdf python3-gdal; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
# nginx, as a proxy in front of weir, and a certificate for it.
[ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v openssl >/dev/null || missing="$missing openssl"
# Node 18 or newer; whoever brings another than Debian's has npm with it.
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3 || echo "$python")
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3 python3-venv"
if [ -n "$missing" ]; then
    as_root apt-get update -q
    # shellcheck disable=SC2086  # a list of packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "conformance: $("$python" --version) is too old; Python 3.11 or newer is needed" >&2
    exit 1
}

for requirements in "$here"/requirements-*.txt; do
    name=$(basename "$requirements" .txt)
    name=${name#requirements-}
    venv=$venvs/$name
    stamp="$("$python" --version) $(sha256sum < "$requirements")"
    if [ "$(cat "$venv/stamp" 2>/dev/null)" = "$stamp" ]; then
        echo "$name: up to date"
        continue
    fi
    echo "$name: installing into $venv"
    mkdir -p "$venvs"
    "$python" -m venv --clear "$venv"
    # The lists are complete: nothing but what they name may come in.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements"
    "$venv/bin/pip" check --disable-pip-version-check
    # Written last: an interrupted installation starts again.
    echo "$stamp" > "$venv/stamp"
done

packages=$venvs/javascript
stamp="$(node --version) $(cat "$here"/javascript/package*.json | sha256sum)"
if [ "$(cat "$packages/stamp" 2>/dev/null)" = "$stamp" ]; then
    echo "javascript: up to date"
else
    echo "javascript: installing into $packages"
    rm -rf "$packages"
    mkdir -p "$packages"
    cp "$here"/javascript/package.json "$here"/javascript/package-lock.json "$packages"
    (cd "$packages" && npm ci --silent --ignore-scripts --no-audit --no-fund)
    echo "$stamp" > "$packages/stamp"
fi
