#!/bin/sh
# Installs what the benchmark runs beside weir: nginx and wrk (Debian), the Python peers (pinned, in their own venv).
# Usage: bench/install.sh          WEIR_VENVS moves the venv (default target/venvs). Safe to run again: it installs only what is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv="${WEIR_VENVS:-$here/../target/venvs}/bench"

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

stamp="$venv/installed-requirements.txt"
if ! cmp -s "$here/requirements.txt" "$stamp" 2>/dev/null; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --prefer-binary -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
fi
echo "benchmark peers ready in $venv"
