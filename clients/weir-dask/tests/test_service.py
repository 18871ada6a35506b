"""The service with a scheduler and workers in this process: results, errors, an end that comes early."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from arrays import Source, document, expected
from distributed import Client, LocalCluster

from weir_dask import service

# The child is another process, and may not have the package installed.
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
VALUES = (np.arange(1, 40 * 6 + 1) * 1.5).reshape(40, 6).astype("f4")
MONTHS = [at % 12 for at in range(40)]


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def source():
    with Source() as source:
        yield source


@pytest.fixture
def served(cluster, source):
    yield from serving(cluster.scheduler_address, source.base)


def serving(scheduler, data):
    until = threading.Event()
    server = service.bind("127.0.0.1:0", service.Service(scheduler, (data,)))
    thread = threading.Thread(target=service.serve, args=(server, until))
    thread.start()
    yield server.server_address
    until.set()
    thread.join(10)


def asked(address, text):
    """All lines of an answer, and what follows the last."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall((text if isinstance(text, str) else json.dumps(text)).encode() + b"\n")
        reader = connection.makefile("rb")
        lines = []
        while line := reader.readline():
            lines.append(json.loads(line))
            if lines[-1]["state"] != "running":
                break
        return lines, reader.read()


@pytest.mark.parametrize("action", ["mean", "median", "count", "max"])
def test_results_come_back(served, source, action):
    url = source.add("v", VALUES, [7, 4])
    lines, rest = asked(served, document(url, VALUES, (MONTHS, "kept"), action))
    wanted = expected(VALUES, (MONTHS, "kept"), action)
    assert lines[0]["state"] == "running"
    assert lines[-1] == {"state": "done", "dtype": wanted.dtype.name, "bytes": wanted.nbytes}
    np.testing.assert_allclose(np.frombuffer(rest, wanted.dtype).reshape(wanted.shape), wanted, rtol=1e-6)


def test_errors_come_back_without_addresses(served, source):
    url = source.add("v", VALUES, [7, 4])
    source.documents["/v/2.1"] = b"no chunk"
    lines, rest = asked(served, document(url, VALUES, (MONTHS, "kept"), "mean"))
    assert (lines[-1]["state"], lines[-1]["kind"], rest) == ("failed", "corrupt", b"")
    assert lines[-1]["message"] == "chunk 2.1 cannot be decoded: error"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"protocol": 1}'])
def test_what_is_no_job_is_refused(served, text):
    lines, _ = asked(served, text)
    assert not lines or lines[-1]["state"] == "failed"


def test_only_data_that_is_allowed_is_read(served, source):
    url = source.add("v", VALUES, [7, 4])
    for other in ("http://169.254.169.254/v", url.replace("/v", "/../v"), "file:///etc/passwd", source.base + "0/v"):
        lines, _ = asked(served, document(other, VALUES, (MONTHS, "kept"), "mean"))
        assert lines[-1]["state"] == "failed"
    assert not source.server.asked


def test_a_changed_variable_is_refused(served, source):
    url = source.add("v", VALUES[:30], [7, 4])
    lines, _ = asked(served, document(url, VALUES, (MONTHS, "kept"), "mean"))
    assert (lines[-1]["kind"], "changed" in lines[-1]["message"]) == ("unavailable", True)


def test_no_scheduler_is_an_error(source):
    for address in serving("tcp://127.0.0.1:9", source.base):
        lines, _ = asked(address, document(source.add("v", VALUES, [7, 4]), VALUES, (MONTHS, "kept"), "mean"))
        assert lines[-1]["kind"] == "unavailable" and "does not answer" in lines[-1]["message"]


def test_work_ends_when_weir_goes(served, cluster, source):
    url = source.add("v", VALUES, [7, 4])
    # The chunk never comes: its answers are 503 for longer than this test lasts.
    source.documents["/v/0.0"] = 503
    with socket.create_connection(served, timeout=60) as connection:
        connection.sendall(json.dumps(document(url, VALUES, (MONTHS, "kept"), "mean")).encode() + b"\n")
        connection.makefile("rb").readline()
        with Client(cluster.scheduler_address, set_as_default=False) as watcher:
            assert eventually(lambda: tasks(watcher) > 0)
    with Client(cluster.scheduler_address, set_as_default=False) as watcher:
        assert eventually(lambda: tasks(watcher) == 0)


def tasks(client):
    return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def eventually(condition):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_child_ends_with_its_standard_input(cluster, source):
    command = [sys.executable, "-m", "weir_dask.command", "--scheduler", cluster.scheduler_address, "--child"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as child:
        said = json.loads(child.stdout.readline())
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(said["listening"].removeprefix("unix:"))
            connection.sendall(json.dumps(document(source.add("v", VALUES, [7, 4]), VALUES, (MONTHS, "kept"), "mean")).encode() + b"\n")
            lines = [json.loads(line) for line in connection.makefile("rb").read().split(b"\n")[:-1] if line.startswith(b"{")]
            assert lines[-1]["state"] == "done"
        child.stdin.close()
        assert child.wait(20) == 0


def test_a_service_needs_to_know_its_data():
    command = [sys.executable, "-m", "weir_dask.command", "--scheduler", "tcp://127.0.0.1:9", "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 2 and "--listen needs --data" in done.stderr
