#!/usr/bin/env python3
"""Follows books by deltas alone and checks every later `orderbook` against what it holds; checks trade ids.

Of several collectors it follows one for each book, and changes over when that one's heartbeat stops.

    python3 follow_books.py --nats nats://127.0.0.1:4222 --seconds 60

Needs nats-py. Prints one JSON document at the end, and a line of what it has so far on SIGUSR1. Written from
docs/subscribing.md.
"""
import argparse
import asyncio
import json
import signal
from decimal import Decimal

import nats

try:
    from orjson import loads
except ImportError:
    loads = json.loads

USABLE = {"seeded", "live", "refreshing"}


class Heartbeats:
    """When each instance's last one came, by our clock, the period that it named, and the boot that sent it."""

    def __init__(self):
        self.last = {}

    def take(self, m, now):
        self.last[m["instance"]] = now, m["period_us"] / 1e6, m["boot"]

    def silence(self, instance, now, boot=None):
        """Seconds since the last, and in periods; from one not heard yet a first is awaited for three of 5 s.

        A boot is silent for ever once another boot of its instance was heard.
        """
        since, period, heard = self.last.setdefault(instance, (now, 5.0, None))
        is_over = boot is not None and heard not in (None, boot)
        return now - since, float("inf") if is_over else (now - since) / period


class Book:
    def __init__(self, heartbeats):
        self.heartbeats = heartbeats
        self.instance = self.boot = None  # whom we follow
        self.followed = []  # whom we followed, after how long a silence of the one before, and views compared
        self.chain = None
        self.sequence = 0
        self.is_first = True
        self.bids, self.asks = {}, {}
        self.said = {"state": "waiting"}  # what the last message of the chain said of the book
        self.counts = dict.fromkeys(("compared", "different", "deltas", "chains", "gaps"), 0)

    def is_ours(self, m, now):
        """Whether `m` is of the instance that we follow, or of one to follow from now on."""
        if self.instance == m["instance"]:
            return True
        if m["state"] not in USABLE or self.heartbeats.silence(m["instance"], now)[1] > 3:
            return False
        silence = self.heartbeats.silence(self.instance, now, self.boot) if self.instance else (0, 0)
        if self.chain and silence[1] <= 3:
            return False
        self.instance = m["instance"]
        self.followed.append({"instance": self.instance, "after": silence[0], "compared": 0})
        return True

    def view(self, m, now):
        if not self.is_ours(m, now):
            return
        self.said["state"] = m["state"]
        if m["state"] not in USABLE:
            self.chain = None
            return
        bids, asks = dict(m["bids"]), dict(m["asks"])
        if self.chain == (m["instance"], m["chain"]):
            if m["sequence"] == self.sequence:
                self.counts["compared"] += 1
                self.followed[-1]["compared"] += 1
                self.counts["different"] += (bids, asks) != (self.bids, self.asks)
                self.hear(m)
                return  # carry on with our own book: deltas alone must keep it right
            self.counts["gaps"] += 1
        else:
            self.counts["chains"] += 1
        self.chain, self.sequence = (m["instance"], m["chain"]), m["sequence"]
        self.boot = m["boot"]
        self.bids, self.asks = bids, asks
        self.is_first = True
        self.hear(m)

    def delta(self, m):
        if self.chain != (m["instance"], m["chain"]) or m["sequence"] <= self.sequence:
            return
        previous = m["previous_sequence"]
        if previous > self.sequence or (previous < self.sequence and not self.is_first):
            self.counts["gaps"] += 1
            self.chain = None  # wait for the next orderbook
            return
        for side, changes, best_is_high in ((self.bids, m["bids"], True), (self.asks, m["asks"], False)):
            for price, size in changes:
                if size == "0":
                    side.pop(price, None)
                else:
                    side[price] = size
            if len(side) > m["depth"]:
                for price in sorted(side, key=Decimal, reverse=best_is_high)[m["depth"] :]:
                    del side[price]
        self.sequence = m["sequence"]
        self.is_first = False
        self.counts["deltas"] += 1
        self.hear(m)

    def hear(self, m):
        self.said |= {key: m[key] for key in ("venue_sequence", "trusted_depth")}

    def standing(self, now):
        """Whether it is live, as far as we were told, and with what."""
        is_live = self.chain is not None and self.said["state"] in ("live", "refreshing")
        is_live = is_live and self.heartbeats.silence(self.instance, now, self.boot)[1] <= 3
        return self.said | {"live": is_live}

    def top(self, side, best_is_high):
        return [[p, side[p]] for p in sorted(side, key=Decimal, reverse=best_is_high)[:100]]


class Trades:
    def __init__(self):
        self.last = None
        self.counts = dict.fromkeys(("trades", "duplicates", "missing"), 0)

    def take(self, m):
        self.counts["trades"] += 1
        # What was missed and fetched comes behind; a venue may not count its trades.
        if m["backfilled"] or m.get("sequence") is None:
            return
        first, last = int(m["first_sequence"]), int(m["sequence"])
        if self.last is not None and last <= self.last:
            self.counts["duplicates"] += 1
            return
        if self.last is not None:
            self.counts["missing"] += first - self.last - 1
        self.last = last


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nats", default="nats://127.0.0.1:4222")
    parser.add_argument("--prefix", default="md")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--until-idle", type=float, help="stop after so many seconds without trade or delta")
    arguments = parser.parse_args()
    books, trades, heartbeats = {}, {}, Heartbeats()
    loop = asyncio.get_running_loop()
    connection = await nats.connect(arguments.nats)
    subscription = await connection.subscribe(arguments.prefix + ".>" if arguments.prefix else ">")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    def tell():
        result = {
            key: book.counts | book.standing(loop.time())
            | {"followed": book.followed, "top_bids": book.top(book.bids, True), "top_asks": book.top(book.asks, False)}
            for key, book in books.items()
        }
        for key, seen in trades.items():
            result.setdefault(key, {}).update(seen.counts)
        print(json.dumps(result), flush=True)

    loop.add_signal_handler(signal.SIGUSR1, tell)
    last_data = loop.time()
    deadline = last_data + arguments.seconds
    while not stopped.is_set() and loop.time() < deadline:
        # Heartbeats and repeated books keep coming from an idle collector.
        if arguments.until_idle and loop.time() - last_data > arguments.until_idle:
            break
        try:
            received = await subscription.next_msg(timeout=0.2)
        except nats.errors.TimeoutError:
            continue
        m, now = loads(received.data), loop.time()
        if m["type"] in ("orderbook_delta", "trade"):
            last_data = now
        key = f'{m["venue"]}.{m["market"]}.{m["symbol"]}'
        if m["type"] == "heartbeat":
            heartbeats.take(m, now)
        elif m["type"] == "orderbook":
            books.setdefault(key, Book(heartbeats)).view(m, now)
        elif m["type"] == "orderbook_delta":
            books.setdefault(key, Book(heartbeats)).delta(m)
        elif m["type"] == "trade":
            trades.setdefault(key, Trades()).take(m)
    await connection.close()
    tell()


asyncio.run(main())
