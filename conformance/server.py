"""A weir process for the length of a run: started on a free port, asked until healthy, stopped gracefully."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 60
ADDRESS = re.compile(r"http://127\.0\.0\.1:([1-9]\d*)")


class Weir:
    """A running server. Use as a context; `base` is its address."""

    def __init__(self, binary, paths, plugins):
        # It runs in a folder of its own.
        paths = [os.path.abspath(path) if os.path.exists(path) else str(path) for path in paths]
        command = [os.path.abspath(binary), "serve", *paths, "--listen", "127.0.0.1:0"]
        if plugins:
            command += ["--no-builtin-plugins", "--plugins", os.path.abspath(plugins)]
        self.command, self.base, self.said = command, None, []
        self.exit_code = None

    def __enter__(self):
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.home = tempfile.TemporaryDirectory()
        environment["XDG_CACHE_HOME"] = self.home.name
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=self.home.name, text=True,
        )
        self.listening = threading.Event()
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        self.healthy = self.wait()
        return self

    def listen(self):
        """Keeps what the server says, and finds its address in the banner."""
        for line in self.process.stdout:
            self.said.append(line)
            found = ADDRESS.search(line)
            if found and self.base is None:
                self.base = found.group(0)
                self.listening.set()
        self.listening.set()

    def wait(self):
        """Whether the banner came, and then a healthy answer."""
        end = time.monotonic() + PATIENCE
        self.listening.wait(PATIENCE)
        while self.base and self.process.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.base}/health", timeout=5) as response:
                    if response.status == 200:
                        return True
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        return False

    def last_words(self):
        """The end of what the server said."""
        return "".join(self.said[-40:])

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.exit_code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_code = "killed: it did not stop within 15 s of SIGTERM"
            self.process.wait()
        self.listener.join(5)
        self.home.cleanup()

    def alive(self):
        """Whether it still runs."""
        return self.process.poll() is None
