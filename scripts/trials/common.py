"""What the trials share: children on loopback, pages, claims.

A trial starts its own simulator, NATS server and collector in a folder of its own and ends them by their ids. It
prints figures and claims, and exits with 1 when a claim fails; the folder with the logs is then kept.
"""

import argparse
import array
import asyncio
import http.client
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
import urllib.parse
import urllib.request
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
READER = ROOT / "docs/examples/follow_books.py"
# Those of Binance, and those of the others as the simulator calls them.
SEGMENTS = ("spot", "usdm", "coinm")
# Each with its venue and its key in the configuration.
SECTIONS = {
    "spot": ("binance", "spot"), "usdm": ("binance", "usdm"), "coinm": ("binance", "coinm"),
    "okx_spot": ("okx", "spot"), "okx_swap": ("okx", "swap"), "deribit_perpetual": ("deribit", "perpetual"),
    "deribit_option": ("deribit", "option"),
}
# Sections that the simulator serves: the rate that it is told is that of all of them together.
SIMULATED = 7
SIMULATOR_PORTS = 6
OTHER_SEGMENTS = ("okx_spot", "okx_swap", "deribit_perpetual", "deribit_option")
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
        # Whoever started it may have blocked signals, which children inherit.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
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
    def __init__(self, name, command, directory, pipe=False, environment=None):
        self.log = directory / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=directory, stdin=subprocess.DEVNULL, text=pipe or None,
                stdout=subprocess.PIPE if pipe else log, stderr=log, env=os.environ | (environment or {}))
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

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class NATSServer:
    """A server with JetStream that can be ended and started again on its port and store."""

    def __init__(self, trial, name="nats"):
        self.trial = trial
        self.store = trial.directory / name
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = ["nats-server", "-a", "127.0.0.1", "-p", self.port, "-js", "-sd", self.store]
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
        arguments = list(arguments)
        if "--rate" in arguments:
            rate = arguments.index("--rate") + 1
            arguments[rate] = arguments[rate] * SIMULATED // len(SEGMENTS)
        self.command = [trial.options.sluice, "simulate", "--port", free_port(SIMULATOR_PORTS), *arguments]
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
        return set(self.ports) == {*SEGMENTS, *OTHER_SEGMENTS}

    def url(self, segment, path=""):
        return f"http://127.0.0.1:{self.ports[segment]}{path}"

    def ask(self, path, method="GET"):
        return json.loads(fetch(self.url("spot", path), method))

    def state(self):
        return self.ask("/simulator/state")

    def fault(self, kind, **query):
        text = "".join(f"&{key}={urllib.parse.quote(str(value))}" for key, value in query.items())
        return self.ask(f"/simulator/fault?kind={kind}{text}", "POST")["injected"]

    def pause(self, is_paused=True):
        self.ask("/simulator/pause" if is_paused else "/simulator/resume", "POST")

    def calm(self):
        """Forgets the faults that wait for an opportunity."""
        self.ask("/simulator/calm", "POST")

    def book(self, segment, symbol, limit=100):
        return self.ask(f"/simulator/book?segment={segment}&symbol={urllib.parse.quote(symbol)}&limit={limit}")

    def symbols(self, segment):
        return [m["symbol"] for m in self.state()["markets"] if m["segment"] == segment]


class Collector:
    """The collector on a simulator and a NATS server; `settings` are further top-level keys of its configuration."""

    def __init__(self, trial, simulator, nats, symbols, settings=None, segment_settings=None, stored="1GiB", waits=True,
                 name="collector", host="127.0.0.1", environment=None):
        self.port = free_port()
        venues = {}
        for segment, names in symbols.items():
            venue, section = SECTIONS[segment]
            address = f"{host}:{simulator.ports[segment]}"
            venues.setdefault(venue, {})[section] = {
                "symbols": names, "websocket": f"ws://{address}", "rest": f"http://{address}",
                **(segment_settings or {}).get(segment, {}),
            }
        configuration = {
            "instance": "trial",
            "state_directory": str(trial.directory / ("state" if name == "collector" else f"state-{name}")), "venues": venues,
            "nats": {"servers": [nats.url.replace("127.0.0.1", host)], "streams": {
                "market_data": {"max_bytes": stored}, "last": {"max_bytes": "64MiB"}, "gaps": {"max_bytes": "64MiB"}}},
            "http": {"listen": f"127.0.0.1:{self.port}"}, **(settings or {}),
        }
        # JSON is YAML.
        path = trial.directory / f"{name}.yaml"
        path.write_text(json.dumps(configuration, indent=1, ensure_ascii=False))
        self.child = trial.start(
            name, [trial.options.sluice, "run", "--config", path, "--log-format", "json"], environment=environment)
        if not waits:
            return
        if not wait_until(lambda: not self.child.is_up or self.page("/healthz"), 30) or not self.child.is_up:
            sys.exit(f"the collector does not start: {self.child.log.read_text()[-2000:]}")

    @property
    def is_up(self):
        return self.child.is_up

    def page(self, path):
        try:
            return fetch(f"http://127.0.0.1:{self.port}{path}")
        except (OSError, http.client.HTTPException):
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
        return self.child.resident_bytes()

    def descriptors(self):
        return self.child.descriptors()


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
    venue, section = SECTIONS[segment]
    market = section if section in ("spot", "option") else "perpetual"
    if venue == "binance":
        base = symbol.removesuffix("_PERP")
        quote = "USDT" if base.endswith("USDT") else "USD"
        symbol = f"{base.removesuffix(quote)}-{quote}"
    elif market == "perpetual":
        symbol = symbol.removesuffix("-SWAP").replace("-PERPETUAL", "-USD")
    return f"{venue}.{market}.{symbol}"


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


TERMS = ("confirmed", "conflated", "dropped", "unconfirmed", "queued", "in_flight", "spooled")
LANES = ("core", "state", "log")


class Accounts(threading.Thread):
    """Reads `/metrics` every second and holds it against what must be true at all times; keeps a row of each."""

    def __init__(self, collector, spool=None, loops=1):
        super().__init__(daemon=True)
        self.collector = collector
        self.spool = spool
        self.loops = loops
        self.rows = []
        self.missed = self.unbalanced = self.over = 0
        self.first_fault = ""
        self.is_stopped = threading.Event()
        self.start()

    def run(self):
        while not self.is_stopped.wait(1):
            collector = self.collector
            try:
                samples = collector.metrics()
                resident = collector.resident_bytes()
            except (OSError, ValueError, IndexError):
                samples = {}
            if not samples:
                # One that was killed does not answer.
                self.missed += collector.is_up and collector is self.collector
                continue
            row = {"time": time.monotonic(), "resident": resident, "spool_bytes": folder_bytes(self.spool)}
            for lane in LANES:
                terms = {term: samples[f'sluice_accounting_messages{{lane="{lane}",term="{term}"}}']
                         for term in ("produced", *TERMS)}
                row[lane] = terms
                if terms["produced"] != sum(terms[term] for term in TERMS):
                    self.unbalanced += 1
                    self.first_fault = self.first_fault or f"{lane} {terms}"
                row[f"{lane}_bytes"] = size = samples[f'sluice_queue_bytes{{lane="{lane}"}}']
                self.over += size > samples[f'sluice_queue_limit_bytes{{lane="{lane}"}}'] * self.loops
            self.rows.append(row)

    def stop(self):
        self.is_stopped.set()
        self.join()

    def between(self, start, end):
        return [row for row in self.rows if start <= row["time"] <= end]


def folder_bytes(folder):
    """What the files of a folder take, 0 without one."""
    total = 0
    for path in pathlib.Path(folder).iterdir() if folder and os.path.isdir(folder) else ():
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            pass
    return total


def stored_messages(nats, stream, subject, has_payload=False):
    """Everything that a stream holds of `subject`, oldest first: subject, message id, payload, and when it was stored, in
    seconds since the epoch; over a bare socket.

    A client library takes longer to read a million messages than the trial has taken to make them.
    """
    with socket.create_connection(("127.0.0.1", nats.port), 10) as link:
        link.settimeout(20)
        file = link.makefile("rb", 1 << 20)
        file.readline()
        answer, inbox = f"_T.{random.random()}", f"_M.{random.random()}"
        config = {
            "stream_name": stream, "config": {
                "deliver_policy": "all", "ack_policy": "none", "filter_subject": subject, "mem_storage": True,
                "headers_only": not has_payload, "num_replicas": 1, "inactive_threshold": 60_000_000_000}}
        body = json.dumps(config)
        link.sendall((
            'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n'
            f"SUB {answer} 1\r\nSUB {inbox} 2\r\n"
            f"PUB $JS.API.CONSUMER.CREATE.{stream} {answer} {len(body)}\r\n{body}\r\n").encode())
        _, _, made, _ = next_message(file, link)
        made = json.loads(made)
        if "error" in made:
            raise OSError(f"{stream}: {made['error']}")
        left, wanted = made["num_pending"], 0
        request = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{made['name']}"
        while left > 0:
            if wanted == 0:
                wanted = min(left, 5000)
                body = json.dumps({"batch": wanted})
                link.sendall(f"PUB {request} {inbox} {len(body)}\r\n{body}\r\n".encode())
            name, header, payload, reply = next_message(file, link)
            if b"Nats-Msg-Id" not in header and header.startswith(b"NATS/1.0 "):
                wanted = 0
                continue
            wanted, left = wanted - 1, left - 1
            start = header.find(b"Nats-Msg-Id:")
            message_id = header[start + 12:header.find(b"\r\n", start)].strip().decode() if start >= 0 else ""
            # $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time, ns>.<pending>
            yield name, message_id, payload, int(reply.split(b".")[-2]) / 1e9


def next_message(file, link):
    """The next message of a NATS connection: subject, headers, payload, reply subject."""
    while True:
        line = file.readline()
        words = line.split()
        if not words:
            raise OSError("the server ended the connection")
        if words[0] == b"PING":
            link.sendall(b"PONG\r\n")
        elif words[0] in (b"MSG", b"HMSG"):
            total = int(words[-1])
            head = int(words[-2]) if words[0] == b"HMSG" else 0
            data = file.read(total + 2)
            reply = words[3] if len(words) == (6 if head else 5) else b""
            return words[1].decode(), data[:head], data[head:total], reply
        elif words[0] == b"-ERR":
            raise OSError(line.decode())


class StoredTrades:
    """The trades of a book in the stream, in its order: the ids that each covers, and whether it was fetched later."""

    def __init__(self):
        self.first, self.last, self.is_backfilled = array.array("Q"), array.array("Q"), bytearray()

    def __len__(self):
        return len(self.first)

    def add(self, first, last, is_backfilled):
        self.first.append(first)
        self.last.append(last)
        self.is_backfilled.append(is_backfilled)

    def ids(self):
        """Every id, as often as it is in the stream."""
        return [i for first, last in zip(self.first, self.last) for i in range(first, last + 1)]

    def descents(self):
        """How often a live trade comes behind one with the same or a greater id."""
        live = [pair[:2] for pair in zip(self.first, self.last, self.is_backfilled) if not pair[2]]
        return sum(a[1] >= b[0] for a, b in zip(live, live[1:]))


def stored_trades(nats):
    """The trades in the stream by the name of their book."""
    trades = {}
    for subject, message_id, payload, _ in stored_messages(nats, "MARKET_DATA", "md.trade.>", has_payload=True):
        first, _, last = message_id.rpartition(":")[2].partition("-")
        if not first.isdigit():
            continue
        book = trades.setdefault(urllib.parse.unquote(subject.split(".", 2)[2]), StoredTrades())
        book.add(int(first), int(last or first), b'"backfilled":true' in payload)
    return trades


def drain_rate(nats, since, count):
    """How fast the stream took the first `count` trades after a moment: messages a second, and seconds."""
    times = [time for _, _, _, time in stored_messages(nats, "MARKET_DATA", "md.trade.>") if time >= since][:count]
    seconds = times[-1] - times[0] if len(times) > 1 else 0
    return (len(times) / seconds if seconds > 0 else 0), seconds


def ledger(nats):
    """The ledger: entries by id, the last message of each; and what the schema says against its messages."""
    import jsonschema

    schema = json.loads((ROOT / "docs/schema/gap.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    entries, complaints = {}, []
    for subject, _, payload, _ in stored_messages(nats, "GAPS", "md.gap.>", has_payload=True):
        entry = json.loads(payload)
        complaints += [f"{subject}: {error.message}" for error in validator.iter_errors(entry)]
        if entry["received_us"] >= entries.get(entry["id"], entry)["received_us"]:
            entries[entry["id"]] = entry
    return entries, complaints


def has_ended_repairs(nats):
    """Whether nothing more will be found of the trades that the ledger names."""
    entries, _ = ledger(nats)
    return all(entry.get("closed", True) for entry in entries.values() if entry["of"] == "trade")


def trade_losses(entries):
    """The ids that the ledger told to be lost, found since or not, by the name of their book: ranges and entries."""
    ranges = {}
    for entry in entries.values():
        if entry["of"] == "trade" and entry["numbering"] == "trade_id":
            name = f'{entry["venue"]}.{entry["market"]}.{entry["symbol"]}'
            ranges.setdefault(name, []).append((int(entry["from"]), int(entry["to"]), entry))
    return ranges


def unaccounted(simulator, stored, ranges):
    """Holds the stream and the ledger against what the simulator made, book by book.

    Returns how often ids are in the stream twice, out of order among those that came live, in neither, and how many the
    ledger names as still missing, names twice, or miscounts: of an entry's range as many ids have to be outside the
    stream as are still missing. What came before the first trade of the stream was never asked for.
    """
    totals = {
        "made": 0, "repaired": 0, "twice": 0, "disordered": 0, "in neither": 0, "miscounted": 0, "on the ledger": 0,
        "twice on the ledger": 0}
    notes = []
    for market in simulator.state()["markets"]:
        name = book_name(market["segment"], market["symbol"])
        book = stored.get(name)
        if not book or "last_sequence" not in market:
            continue
        ids = book.ids()
        seen, first, last = set(ids), min(ids), market["last_sequence"]
        twice = len(ids) - len(seen)
        disordered = max(0, book.descents() - twice)
        lost, doubly, wrong = set(), 0, []
        for start, end, entry in ranges.get(name, []):
            span = {i for i in range(start, end + 1) if i not in seen}
            doubly += len(span & lost)
            lost |= span
            if len(span) != entry["still_missing"]:
                wrong.append(f'{entry["id"]} {start}-{end}: {entry["still_missing"]}, of them not stored {len(span)}')
        neither = [i for i in range(first, last + 1) if i not in seen and i not in lost]
        strange = sum(i > last for i in ids)
        for key, count in (
                ("made", last - first + 1),
                ("repaired", sum(b - a + 1 for a, b, c in zip(book.first, book.last, book.is_backfilled) if c)),
                ("twice", twice), ("disordered", disordered), ("in neither", len(neither) + strange),
                ("miscounted", len(wrong)), ("on the ledger", len(lost)), ("twice on the ledger", doubly)):
            totals[key] += count
        if neither or strange or wrong or twice or disordered:
            notes.append(
                f"{name}: {first}...{last}, {twice} twice, {disordered} disordered, {strange} never made, "
                f"in neither {spans(neither)}, miscounted {'; '.join(wrong[:3])}")
    return totals, notes


def spans(ids, most=6):
    """Ascending ids as text: runs without holes, the first of them."""
    runs = []
    for number in ids:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(f"{a}-{b}" for a, b in runs[:most]) + (f" and {len(runs) - most} more" if len(runs) > most else "")


def claim_whole(trial, simulator, nats, is_ordered=True, late=0):
    """Claims that every trade is in the stream once and in order, or on the ledger, and in no case both.

    An exchange that sends trades out of order says so with `is_ordered`, or with `late` how often at most.
    """
    wait_until(lambda: has_ended_repairs(nats), 60, 1)
    stored = stored_trades(nats)
    entries, complaints = ledger(nats)
    trial.claim("every gap message fits its schema", not complaints, complaints[0] if complaints else len(entries))
    totals, notes = unaccounted(simulator, stored, trade_losses(entries))
    for note in notes[:12]:
        print(f"    {note}")
    trial.figure("trades in the stream, of them repaired", f"{sum(map(len, stored.values()))}, {totals['repaired']}")
    trial.figure("trades on the ledger", totals["on the ledger"])
    trial.claim("no trade is in the stream twice", totals["twice"] == 0, totals["twice"])
    if is_ordered:
        trial.claim(
            "every book's live trades stand in order of id", totals["disordered"] <= late,
            f'{totals["disordered"]}, sent so {late}')
    trial.claim("every other trade is on the ledger", totals["in neither"] == 0, totals["in neither"])
    trial.claim(
        "of each entry as many are outside the stream as are missing", totals["miscounted"] == 0, totals["miscounted"])
    trial.claim("and none is on the ledger twice", totals["twice on the ledger"] == 0, totals["twice on the ledger"])
    return stored, entries, totals


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
