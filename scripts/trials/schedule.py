"""What goes wrong when, in the chaos trial: the same seed gives the same schedule."""

import dataclasses
import random
import typing

# The sections that are collected, as the simulator calls them, and those that share a host, its limits and its bans.
SECTIONS = ("spot", "usdm", "coinm", "okx_spot", "okx_swap", "deribit_perpetual")
HOSTS = {
    "spot": ("spot",), "usdm": ("usdm", "coinm"), "coinm": ("usdm", "coinm"), "okx_spot": ("okx_spot", "okx_swap"),
    "okx_swap": ("okx_spot", "okx_swap"), "deribit_perpetual": ("deribit_perpetual",),
}
LINKED = ("okx_spot", "okx_swap", "deribit_perpetual")
REST = ("slowREST", "rateLimited", "banned", "serverError", "truncatedBody")
# Every kind once; what touches one section comes for another one each time.
BAG = (
    "drop_book", "drop_trade", "drop_trade", "duplicate", "reorder_book", "reorder_trade", "junk", "stall", "halfOpen", "reset",
    "truncatedFrame", "oversizedFrame", "silentAck", "refuseConnects", "lifetime", "notice", "sequenceReset", *REST,
    "staleSnapshot", "nats_kill", "nats_stall", "nats_stop", "disk_full", "kill", "kill_nameless", "kill_full",
    "clock_ahead", "clock_back", "nameless",
)
# What cannot happen to one thing twice at once.
EDGES = {
    "nats_kill": {"nats"}, "nats_stall": {"nats"}, "nats_stop": {"nats"}, "disk_full": {"nats", "disk"},
    "kill": {"collector"}, "kill_nameless": {"collector", "names"}, "kill_full": {"collector", "disk"},
    "nameless": {"names"}, "clock_ahead": {"clock"}, "clock_back": {"clock"},
}
# Seconds after its end in which books may still be on their way back: a socket is noticed to be dead after five.
ALLOWANCES = {"halfOpen": 11, "silentAck": 9, "kill": 8, "kill_nameless": 8, "kill_full": 8, "compare": 2}
ALLOWANCE = 6
COMPARE_SECONDS = 3.5


@dataclasses.dataclass
class Event:
    at: float
    kind: str
    seconds: float = 0.0
    # Whose books may suffer.
    sections: tuple = ()
    values: dict[str, typing.Any] = dataclasses.field(default_factory=dict)

    @property
    def is_of_book(self):
        return "rade" not in self.values.get("stream", "")

    @property
    def allowance(self):
        return ALLOWANCES.get(self.kind, ALLOWANCE)

    def __str__(self):
        values = " ".join(f"{key}={value}" for key, value in self.values.items())
        where = "" if set(self.sections) == set(SECTIONS) else ",".join(self.sections)
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:7.1f}  {self.kind}{lasts} {where} {values}".rstrip()


class Schedule:
    """Events of so many seconds, or every kind once where `seconds` is none; `symbols` are those of each section."""

    def __init__(self, seed, seconds, symbols, gap, compare_every, longest=1.0):
        self.random = random.Random(seed)
        self.symbols = symbols
        self.longest = longest
        self.turns = {}
        self.events = []
        self.busy = {}
        bag, at = self.random.sample(BAG, len(BAG)), 2.0
        pause = compare_every * self.random.uniform(0.7, 1.1)
        while at < seconds if seconds else bag:
            if at >= pause:
                self.events.append(Event(at, "compare", COMPARE_SECONDS, SECTIONS))
                pause = at + compare_every * self.random.uniform(0.7, 1.1)
                at += COMPARE_SECONDS + 0.5
                continue
            if not bag:
                bag = self.random.sample(BAG, len(BAG))
            free = (kind for kind in bag if all(self.busy.get(edge, 0) <= at for edge in EDGES.get(kind, ())))
            kind = next(free, None)
            if kind:
                bag.remove(kind)
                event = self.make(kind, at)
                self.events.append(event)
                for edge in EDGES.get(kind, ()):
                    self.busy[edge] = at + event.seconds + 1.5
            at += gap * self.random.uniform(0.5, 1.5)
        self.seconds = seconds or at

    def lasting(self, shortest, longest):
        return round(self.random.uniform(shortest, longest) * self.longest, 2)

    def section(self, kind, among=SECTIONS):
        """One section after another for each kind, in an order of its own."""
        if not self.turns.get(kind):
            self.turns[kind] = self.random.sample(among, len(among))
        return self.turns[kind].pop()

    def stream(self, section, is_book):
        symbol = self.random.choice(self.symbols[section])
        return symbol, stream_name(section, symbol, is_book)

    def make(self, kind, at):
        whole = {
            "nats_kill": (0.3, 4), "nats_stall": (0.5, 5), "nats_stop": (0.5, 6), "disk_full": (4, 8), "kill": (0.1, 3),
            "kill_nameless": (2, 5), "kill_full": (2, 5), "clock_ahead": (4, 10), "clock_back": (4, 10),
        }
        if kind in whole:
            event = Event(at, kind, self.lasting(*whole[kind]), SECTIONS)
            if kind in ("disk_full", "kill_full"):
                event.values["mode"] = self.random.choice((1, 2))
            if kind.startswith("clock"):
                sign = 1 if kind == "clock_ahead" else -1
                event.values["step"] = sign * self.random.choice((2.5, 30, 900, 7200, 90_000))
            return event
        if kind == "nameless":
            section = self.section(kind)
            return Event(at, kind, self.lasting(4, 10), (section,), {"segment": section})
        frames = kind.partition("_")
        if frames[0] in ("drop", "duplicate", "reorder"):
            is_book = frames[2] == "book" or (not frames[2] and self.random.random() < 0.5)
            section = self.section(kind)
            symbol, stream = self.stream(section, is_book)
            count = self.random.randint(1, 5) if kind == "drop_trade" else 1
            return Event(at, frames[0], 0, (section,), {"segment": section, "stream": stream, "count": count})
        if kind in REST or kind == "staleSnapshot":
            section = self.section(kind, SECTIONS if kind in REST else ("spot", "usdm", "coinm"))
            # So that something is asked for.
            symbol, stream = self.stream(section, True)
            return Event(at, kind, 0, HOSTS[section], {"segment": section, "drop": stream, "count": self.random.randint(1, 2)})
        among = ("okx_spot", "okx_swap") if kind == "sequenceReset" else SECTIONS
        if kind == "notice":
            among = ("spot", "okx_spot", "okx_swap", "deribit_perpetual")
        section = self.section(kind, among)
        seconds = {"stall": 2.0, "halfOpen": 6.0, "refuseConnects": 1.0}.get(kind, 0)
        # The refusal is for everybody.
        sections = SECTIONS if kind == "refuseConnects" else (section,)
        return Event(at, kind, seconds, sections, {"segment": section})


def stream_name(section, symbol, is_book):
    """The stream as faults are asked for."""
    if section.startswith("okx"):
        return f"{'books' if is_book else 'trades'}:{symbol}"
    if section.startswith("deribit"):
        return f"{'book' if is_book else 'trades'}.{symbol}.100ms"
    trades = "trade" if section == "spot" else "aggTrade"
    return f"{symbol.lower()}@{'depth@100ms' if is_book else trades}"
