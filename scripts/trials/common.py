"""What the trials share: children on loopback, pages, claims.

A trial starts its own simulator, NATS server and collector in a folder of its own and ends them by their ids. It
prints figures and claims, and exits with 1 when a claim fails; the folder with the logs is then kept.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
READER = ROOT / "docs/examples/follow_books.py"
SEGMENTS = ("spot", "usdm", "coinm")
USABLE = ("seeded", "live", "refreshing")


def arguments(description, **extra):
    """Reads the options that every trial has, and those named by `extra` with their defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sluice", default=str(ROOT / ".build/release/sluice"), help="the program on trial")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    for name, default in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), default=default, type=type(default))
    options = parser.parse_args()
    options.sluice = os.path.abspath(options.sluice)
    return options


def free_port(count=1):
    """Finds `count` free ports in a row below the range of outgoing connections, so that none takes one meanwhile."""
    while True:
        first = random.randrange(20_000, 32_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def fetch(url, method="GET", timeout=5.0):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=timeout) as answer:
        return answer.read().decode()


def wait_until(condition, seconds, pause=0.1):
    """Asks until the answer is true, and returns it; the last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(pause)


class Trial:
    def __init__(self, options):
        self.options = options
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-trial-"))
        self.children = []
        self.failures = 0

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(130))
        return self

    def __exit__(self, kind, *_):
        for child in reversed(self.children):
            child.end()
        if self.failures or self.options.keep or kind not in (None, SystemExit):
            print(f"logs: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def figure(self, name, value):
        print(f"  {name:<52} {value}", flush=True)

    def claim(self, text, holds, detail=""):
        self.failures += not holds
        print(f"{'holds' if holds else 'FAILS'}  {text}{f'  ({detail})' if detail != '' else ''}", flush=True)
        return holds

    def finish(self):
        sys.exit(1 if self.failures else 0)

    def start(self, name, command, **more):
        child = Child(name, command, self.directory, **more)
        self.children.append(child)
        return child


class Child:
    def __init__(self, name, command, directory, pipe=False):
        self.log = directory / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=directory, stdin=subprocess.DEVNULL, text=pipe or None,
                stdout=subprocess.PIPE if pipe else log, stderr=log)
        self.pid = self.process.pid

    @property
    def is_up(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.is_up:
            os.kill(self.pid, number)

    def end(self, seconds=15):
        """Asks it to end, ends it by force after `seconds`, and returns its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.process.wait()


class NATSServer:
    """A server with JetStream that can be ended and started again on its port and store."""

    def __init__(self, trial):
        self.trial = trial
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        store = self.trial.directory / "nats"
        command = ["nats-server", "-a", "127.0.0.1", "-p", self.port, "-js", "-sd", store]
        self.child = self.trial.start("nats-server", command)
        if not wait_until(self.answers, 20):
            sys.exit("nats-server does not answer")

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                return probe.recv(5) == b"INFO "
        except OSError:
            return False


class Simulator:
    """The simulated exchange, which can be ended and started again on its ports."""

    def __init__(self, trial, *arguments):
        self.trial = trial
        self.command = [trial.options.sluice, "simulate", "--port", free_port(3), *arguments]
        self.ports = {}
        self.start()

    def start(self):
        self.child = self.trial.start("simulator", self.command)
        if not wait_until(self.has_started, 60) or not wait_until(self.answers, 60):
            sys.exit(f"the simulator does not start: {self.child.log.read_text()}")

    def kill(self):
        self.child.signal(signal.SIGKILL)
        self.child.process.wait()

    def answers(self):
        try:
            return self.child.is_up and self.state()
        except (OSError, ValueError):
            return None

    def has_started(self):
        lines = re.finditer(r"^(\w+) ws://[^:]+:(\d+) ", self.child.log.read_text(), re.M)
        self.ports = {line[1]: int(line[2]) for line in lines}
        return len(self.ports) == len(SEGMENTS)

    def url(self, segment, path=""):
        return f"http://127.0.0.1:{self.ports[segment]}{path}"

    def ask(self, path, method="GET"):
        return json.loads(fetch(self.url("spot", path), method))

    def state(self):
        return self.ask("/simulator/state")

    def fault(self, kind, **query):
        text = "".join(f"&{key}={value}" for key, value in query.items())
        return self.ask(f"/simulator/fault?kind={kind}{text}", "POST")["injected"]

    def pause(self, is_paused=True):
        self.ask("/simulator/pause" if is_paused else "/simulator/resume", "POST")

    def book(self, segment, symbol, limit=100):
        return self.ask(f"/simulator/book?segment={segment}&symbol={urllib.parse.quote(symbol)}&limit={limit}")

    def symbols(self, segment):
        return [m["symbol"] for m in self.state()["markets"] if m["segment"] == segment]


class Collector:
    """The collector on a simulator and a NATS server; `settings` are further top-level keys of its configuration."""

    def __init__(self, trial, simulator, nats, symbols, settings=None, segment_settings=None):
        self.port = free_port()
        venue = {
            segment: {
                "symbols": names, "websocket": f"ws://127.0.0.1:{simulator.ports[segment]}",
                "rest": simulator.url(segment), **(segment_settings or {}).get(segment, {}),
            }
            for segment, names in symbols.items()
        }
        configuration = {
            "instance": "trial", "state_directory": str(trial.directory / "state"), "venues": {"binance": venue},
            "nats": {"servers": [nats.url], "streams": {
                "market_data": {"max_bytes": "1GiB"}, "last": {"max_bytes": "64MiB"}, "gaps": {"max_bytes": "64MiB"}}},
            "http": {"listen": f"127.0.0.1:{self.port}"}, **(settings or {}),
        }
        # JSON is YAML.
        path = trial.directory / "collector.yaml"
        path.write_text(json.dumps(configuration, indent=1, ensure_ascii=False))
        self.child = trial.start("collector", [trial.options.sluice, "run", "--config", path, "--log-format", "json"])
        if not wait_until(lambda: not self.child.is_up or self.page("/healthz"), 30) or not self.child.is_up:
            sys.exit(f"the collector does not start: {self.child.log.read_text()[-2000:]}")

    @property
    def is_up(self):
        return self.child.is_up

    def page(self, path):
        try:
            return fetch(f"http://127.0.0.1:{self.port}{path}")
        except (OSError, urllib.error.URLError):
            return None

    def status(self):
        return json.loads(self.page("/status") or "{}")

    def metrics(self):
        """The samples of `/metrics`: name with labels to number."""
        lines = [line for line in (self.page("/metrics") or "").splitlines() if line and line[0] != "#"]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def books(self, states=USABLE):
        return [book for book in self.status().get("books", []) if book["state"] in states]

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))


class Reader:
    """The example reader, from now until it is asked what it saw."""

    def __init__(self, trial, nats, seconds=7200):
        command = [sys.executable, READER, "--nats", nats.url, "--seconds", seconds]
        self.child = trial.start("reader", command, pipe=True)

    def finish(self):
        """What it saw, by venue, market and symbol."""
        self.child.signal(signal.SIGTERM)
        return json.loads(self.child.process.communicate(timeout=60)[0])


def book_name(segment, symbol):
    """The reader's name of a book: `binance.spot.BTC-USDT`."""
    base = symbol.removesuffix("_PERP")
    quote = "USDT" if base.endswith("USDT") else "USD"
    return f"binance.{'spot' if segment == 'spot' else 'perpetual'}.{base.removesuffix(quote)}-{quote}"


def differing(simulator, seen, symbols):
    """Names of the books in which the reader and the simulator are not of one mind about the best 100 levels."""
    names = []
    for segment, symbol in ((segment, symbol) for segment, some in symbols.items() for symbol in some):
        name = book_name(segment, symbol)
        truth = simulator.book(segment, symbol)
        if any(
                [[Decimal(p), Decimal(q)] for p, q in truth[side]]
                != [[Decimal(p), Decimal(q)] for p, q in seen.get(name, {}).get(top, [])]
                for side, top in (("bids", "top_bids"), ("asks", "top_asks"))):
            names.append(name)
    return names


class Relay(threading.Thread):
    """Passes connections on to a port, so that what goes through it has a port of its own."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.port = free_port()
        self.is_ready = threading.Event()
        self.start()
        self.is_ready.wait(20)

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.take, "127.0.0.1", self.port)
        self.is_ready.set()
        await server.serve_forever()

    async def take(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        pairs = ((reader, far_writer), (far_reader, writer))
        ways = [asyncio.ensure_future(self.copy(*pair)) for pair in pairs]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        writer.close()
        far_writer.close()

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass


ESTABLISHED, CLOSE_WAIT = 1, 8


def sockets(pid):
    """The TCP sockets that a process holds: inode to remote port and state."""
    held = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            held.add(target[8:-1])
    found = {}
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in held:
                found[fields[9]] = (int(fields[2].rpartition(":")[2], 16), int(fields[3], 16))
    return found


def mebibytes(count):
    return f"{count / 1048576:.1f} MiB"
