#!/bin/sh
# Installs what the benchmark runs beside weir: nginx and wrk (Debian), the Python peers (pinned, in venvs of their own: bench, and pictures).
# Usage: bench/install.sh          WEIR_VENVS moves the venvs (default target/venvs). Safe to run again: it installs only what is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venvs="${WEIR_VENVS:-$here/../target/venvs}"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# package:program it must bring; hyperfine is for timing single commands by hand; taskset is part of util-linux, always present on Debian
missing=""
for pair in nginx-light:nginx wrk:wrk hyperfine:hyperfine python3-venv:ensurepip; do
    package=${pair%%:*} program=${pair##*:}
    case $program in
        ensurepip) python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing $package" ;;
        # nginx lives in /usr/sbin, which is not on every user's PATH
        *) PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing="$missing $package" ;;
    esac
done
if [ -n "$missing" ]; then
    as_root apt-get update -q
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

# venv, requirements
packages() {
    if ! cmp -s "$2" "$1/installed-requirements.txt" 2>/dev/null; then
        rm -rf "$1"
        python3 -m venv "$1"
        "$1/bin/pip" install --quiet --disable-pip-version-check --prefer-binary -r "$2"
        cp "$2" "$1/installed-requirements.txt"
    fi
    echo "benchmark peers ready in $1"
}

packages "$venvs/bench" "$here/requirements.txt"
packages "$venvs/pictures" "$here/requirements-pictures.txt"
