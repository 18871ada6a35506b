"""The command `weir-dask`."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import weir_dask
from weir_dask import service

DESCRIPTION = """Computes weir's diagnostics on a Dask cluster.

weir starts this itself where its configuration names a scheduler (`--child`). Else let it run beside the scheduler, and tell weir its address. The scheduler is
reached as Dask's own configuration says (TLS, for example); workers need this package, too."""


def options() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="weir-dask", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"weir-dask {weir_dask.__version__}")
    parser.add_argument("--scheduler", required=True, metavar="ADDRESS", help="the scheduler, as tcp://dask.example:8786")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--listen", metavar="ADDRESS", help="where weir asks: host:port, or unix:PATH. Whoever reaches it may order computations over --data")
    where.add_argument("--child", action="store_true", help="listen on a private socket, say on standard output which, and end with standard input")
    parser.add_argument("--data", action="append", metavar="URL", help="workers read below this URL only; may be repeated; needed with --listen")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop: 0 then, 2 where it cannot begin."""
    parser = options()
    chosen = parser.parse_args(arguments)
    if chosen.listen and not chosen.data:
        parser.error("--listen needs --data: the URL below which workers may read, which is weir's")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="weir-dask: %(levelname)s: %(message)s")
    logging.getLogger("distributed").setLevel(logging.ERROR)
    until = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: until.set())
    serving = service.Service(chosen.scheduler, tuple(chosen.data) if chosen.data else None)
    with contextlib.ExitStack() as stack:
        address = chosen.listen
        if chosen.child:
            # Made for this user alone.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-dask-"))
            address = f"unix:{Path(folder) / 'socket'}"
            threading.Thread(target=_wait_for_end, args=(until,), daemon=True).start()
        try:
            server = service.bind(address, serving)
        except (OSError, ValueError) as error:
            print(f"weir-dask: cannot listen at {address}: {error}", file=sys.stderr)
            return 2
        print(json.dumps({"listening": address, "version": weir_dask.__version__}), flush=True)
        service.serve(server, until)
        if not chosen.child and address.startswith("unix:"):
            with contextlib.suppress(OSError):
                Path(address[len("unix:") :]).unlink()
    return 0


def _wait_for_end(until: threading.Event) -> None:
    """Until whoever started this closes its end, as the kernel does when that dies."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    until.set()


if __name__ == "__main__":
    sys.exit(main())
