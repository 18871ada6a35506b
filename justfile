# The chores of weir. `./check` installs what they need and runs `just check`; plain `just` lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

target := env("CARGO_TARGET_DIR", "target")
venvs := env("WEIR_VENVS", "target/venvs")
plugin_names := "dap diagnostics esm file gridlook intake kerchunk maps openapi pages plot s3 stac subset thredds xpublish zarr"
examples := "rust-hello rust-panics"

[private]
default:
    @just --list --unsorted

# Everything that CI runs
check: fmt-check clippy doc deny test test-netcdf-c

# All tests: those in Rust, then real clients in both plugin modes
test: test-rust conformance

# The tests in Rust, and those of the example plugins, which are no part of the workspace
test-rust:
    cargo test --workspace
    for example in {{ examples }}; do \
        (cd "plugin-api/examples/$example" && CARGO_TARGET_DIR="$OLDPWD/target/examples/$example" cargo test); \
    done

# Files that are read through netCDF-C: the worker, and the feature that starts it; needs libnetcdf-dev
test-netcdf-c:
    @command -v nc-config >/dev/null || { echo 'test-netcdf-c needs netCDF-C: apt-get install libnetcdf-dev' >&2; exit 1; }
    cargo test --locked --manifest-path workers/netcdf-c/Cargo.toml --target-dir "{{ target }}/workers"
    cargo clippy --locked --manifest-path workers/netcdf-c/Cargo.toml --target-dir "{{ target }}/workers" --all-targets -- -D warnings
    cargo clippy --locked -p weir-datasets --features netcdf-c --all-targets -- -D warnings
    cargo test -p weir-datasets --features netcdf-c --test worker

# Real clients against the release build: plugins linked in, then the same loaded from .so files only
conformance: build
    conformance/install.sh
    python3 conformance/run.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/diagnostics.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    "{{ venvs }}/tables/bin/python" -m pytest -q -p no:cacheprovider clients/weir-dask
    python3 conformance/dask_cluster.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/derived.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/processed.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/grib_messages.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" datasets/tests/fixtures
    just samples "{{ target }}/samples"
    python3 conformance/public_links.py --weir "{{ target }}/release/weir" "{{ target }}/samples"
    python3 conformance/catalogs.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" --samples "{{ target }}/samples"
    for part in side_by_side datastores contract pages; do \
        python3 conformance/$part.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" --samples "{{ target }}/samples" || exit 1; \
    done
    python3 conformance/stac_search.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/subsets.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    python3 conformance/maps.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir"
    plugins=$(mktemp -d); trap 'rm -rf "$plugins"' EXIT; \
        just plugins "$plugins"; \
        python3 conformance/run.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" --plugins-only "$plugins"; \
        for part in catalogs side_by_side datastores contract pages stac_search; do \
            python3 conformance/$part.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" --plugins-only "$plugins" --samples "{{ target }}/samples" \
                || exit 1; \
        done
    just conformance-browser

# Weir's pages in Chromium, and a catalog and an item in STAC Browser, which is built from npm (once)
conformance-browser: build
    conformance/browser/install.sh
    just samples "{{ target }}/samples"
    python3 conformance/browser.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" "{{ target }}/samples"

# As conformance, and 1000 random hyperslabs of a variable of 1 GiB
conformance-large: build
    conformance/install.sh
    [ -e target/large/large.nc ] || "{{ venvs }}/main/bin/python" samples/make_large.py target/large
    python3 conformance/run.py --venvs "{{ venvs }}" --weir "{{ target }}/release/weir" --large target/large/large.nc

# weir beside nginx, pydap and xpublish on this machine, a table of ratios; then reading, computing, pictures
bench *arguments: build ideal-decode
    bench/install.sh
    status=0; \
        python3 bench/run.py --weir "{{ target }}/release/weir" {{ arguments }} || status=$?; \
        [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"; \
        python3 bench/reading.py --weir "{{ target }}/release/weir" --ideal "{{ target }}/release/examples/ideal_decode" || status=$?; \
        python3 bench/diagnostics.py --weir "{{ target }}/release/weir" || status=$?; \
        python3 bench/pictures.py --weir "{{ target }}/release/weir" || status=$?; \
        exit "$status"

# Reading 1 GiB whole and as a time series, beside netCDF-C and the time that decoding takes at least
bench-reading *arguments: build ideal-decode
    bench/install.sh
    python3 bench/reading.py --weir "{{ target }}/release/weir" --ideal "{{ target }}/release/examples/ideal_decode" {{ arguments }}

# An aggregation of 1,000 files, a directory of 100,000, a file of 200,000 chunks: cold, warm, and memory
bench-archive *arguments: build
    bench/install.sh
    python3 bench/archive.py --weir "{{ target }}/release/weir" {{ arguments }}

# Memory of weir while it streams 1 GiB
bench-memory *arguments: build
    bench/install.sh
    python3 bench/stream_rss.py --weir "{{ target }}/release/weir" {{ arguments }}

# What compressing data costs and saves, by coding and kind of numbers
bench-compression *arguments: build
    bench/install.sh
    python3 bench/compression.py --weir "{{ target }}/release/weir" {{ arguments }}

# The release build of the server and of the plugins as .so files
build:
    cargo build --release -p weir-server {{ prepend("-p weir-plugin-", append("-so", plugin_names)) }}

# The mean of each month of 1 GiB, beside xarray and dask
bench-diagnostics *arguments: build
    bench/install.sh
    python3 bench/diagnostics.py --weir "{{ target }}/release/weir" {{ arguments }}

# A PNG of a field of 2048 x 1024 values, beside xpublish-tiles and titiler-xarray
bench-pictures *arguments: build
    bench/install.sh
    python3 bench/pictures.py --weir "{{ target }}/release/weir" {{ arguments }}

# What bench-reading compares with: decoding and nothing else
[private]
ideal-decode:
    cargo build --release -p weir-datasets --example ideal_decode

# Puts the built plugins into DIR, as `weir serve --plugins DIR` wants them
plugins dir:
    install -d -m 755 "{{ dir }}"
    install -m 755 {{ prepend(target / "release/libweir_plugin_", append(".so", plugin_names)) }} "{{ dir }}"

# The sample data
samples dir="target/samples":
    conformance/install.sh
    "{{ venvs }}/main/bin/python" samples/make_samples.py "{{ dir }}"

# Formats all Rust code
fmt:
    cargo fmt --all
    for example in {{ examples }}; do cargo fmt --manifest-path "plugin-api/examples/$example/Cargo.toml"; done
    cargo fmt --manifest-path workers/netcdf-c/Cargo.toml

# Fails where code is not formatted
fmt-check:
    cargo fmt --all --check
    for example in {{ examples }}; do cargo fmt --manifest-path "plugin-api/examples/$example/Cargo.toml" --check; done
    cargo fmt --manifest-path workers/netcdf-c/Cargo.toml --check

# Lints all Rust code, tests included; the lock file must fit the manifests
clippy:
    cargo clippy --locked --workspace --all-targets -- -D warnings

# The API documentation; a broken link fails
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences, bans and sources of every dependency
deny:
    cargo deny check licenses bans sources

# Known vulnerabilities in dependencies; needs the advisory database
advisories:
    cargo deny check advisories

# Writes plugin-api/include/weir_plugin.h from plugin-api/abi
header:
    cargo run -q -p weir-xtask -- header
