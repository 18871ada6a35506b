#!/bin/sh
# Installs moto, which acts as an S3 server in tests, into $WEIR_VENVS/moto (target/venvs/moto by default), and prints the
# path of its Python. What is installed already is left alone, so that a second run takes no time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venvs=${WEIR_VENVS:-$here/../../../target/venvs}
venv=$venvs/moto
requirements=$here/requirements-moto.txt

mkdir -p "$venvs"
# Two tests may start at once.
exec 9> "$venvs/moto.lock"
flock 9
stamp="$(python3 --version) $(sha256sum < "$requirements")"
if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
    python3 -m venv --clear "$venv" >&2
    # The list is complete: nothing but what it names may come in.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements" >&2
    "$venv/bin/pip" check --disable-pip-version-check >&2
    # Written last: an interrupted installation starts again.
    echo "$stamp" > "$venv/stamp"
fi
echo "$venv/bin/python"
