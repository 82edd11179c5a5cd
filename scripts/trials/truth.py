"""Holds what subscribers have against what the simulator has: trades by its REST history, books by its own."""

import json
import urllib.parse
from decimal import Decimal

import common


def history(simulator, segment, symbol, first, last):
    """What the venue's own history says of some trades: price, size and side by id."""
    query = {"symbol": symbol, "fromId": first, "limit": min(last - first + 1, 500)}
    if segment.startswith("okx"):
        path = "/api/v5/market/history-trades"
        query = {"instId": symbol, "type": 1, "after": last + 1, "limit": min(last - first + 1, 100)}
    elif segment.startswith("deribit"):
        path = "/api/v2/public/get_last_trades_by_instrument"
        query = {"instrument_name": symbol, "start_seq": first, "end_seq": last, "count": 1000, "sorting": "asc"}
    else:
        path = {"spot": "/api/v3/historicalTrades", "usdm": "/fapi/v1/aggTrades", "coinm": "/dapi/v1/aggTrades"}[segment]
    answer = json.loads(
        common.fetch(simulator.url(segment, f"{path}?{urllib.parse.urlencode(query)}")), parse_float=Decimal)
    if segment.startswith("okx"):
        rows = [(r["tradeId"], r["px"], r["sz"], r["side"]) for r in answer["data"]]
    elif segment.startswith("deribit"):
        rows = [(r["trade_seq"], r["price"], r["amount"], r["direction"]) for r in answer["result"]["trades"]]
    elif segment == "spot":
        rows = [(r["id"], r["price"], r["qty"], "sell" if r["isBuyerMaker"] else "buy") for r in answer]
    else:
        rows = [(r["a"], r["p"], r["q"], "sell" if r["m"] else "buy") for r in answer]
    return {int(i): (Decimal(price), Decimal(size), side) for i, price, size, side in rows}


def read_trades(nats):
    """The trades of the stream by the name of their book, each by its last id: first id, price, size, side; and what
    the schema says against them."""
    import jsonschema

    schema = json.loads((common.ROOT / "docs/schema/trade.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    trades, complaints = {}, []
    for subject, _, payload, _ in common.stored_messages(nats, "MARKET_DATA", "md.trade.>", has_payload=True):
        trade = json.loads(payload)
        if not validator.is_valid(trade):
            complaints += [f"{subject}: {error.message}" for error in validator.iter_errors(trade)]
            continue
        last = trade.get("sequence")
        if last is None:
            continue
        name = urllib.parse.unquote(subject.split(".", 2)[2])
        trades.setdefault(name, {})[int(last)] = (
            int(trade["first_sequence"]), Decimal(trade["price"]), Decimal(trade["size"]), trade["side"])
    return trades, complaints


def wrong_trades(simulator, trades, chance, pages=3, rows=90):
    """Compares pages of trades, drawn by chance for each book, with the venue's history: how many, and which differ."""
    compared, wrong = 0, []
    for market in simulator.state()["markets"]:
        segment, symbol = market["segment"], market["symbol"]
        mine = trades.get(common.book_name(segment, symbol), {})
        for _ in range(pages if mine else 0):
            first = chance.randint(min(mine), max(min(mine), market["last_sequence"] - rows))
            truth = history(simulator, segment, symbol, first, first + rows - 1)
            for last, (start, price, size, side) in mine.items():
                ids = range(start, last + 1)
                if not all(i in truth for i in ids):
                    continue
                compared += 1
                # An aggregate's matches are of one price and side.
                right = all(truth[i][0] == price and truth[i][2] == side for i in ids)
                if not right or sum(truth[i][1] for i in ids) != size:
                    wrong.append(f"{symbol} {start}-{last}: {price} {size} {side}, there {[truth[i] for i in ids]}")
    return compared, wrong


def compare_books(simulator, seen, symbols):
    """Compares the books that a reader calls live with the resting exchange's.

    Returns those that are equal, those that differ at the exchange's own id, and those that differ at another; each as
    section and name.
    """
    equal, wrong, behind = [], [], []
    for segment, symbol in ((segment, symbol) for segment, some in symbols.items() for symbol in some):
        name = common.book_name(segment, symbol)
        book = seen.get(name, {})
        if not book.get("live"):
            continue
        truth = simulator.book(segment, symbol)
        depth = min(100, book["trusted_depth"])
        is_equal = all(
            [[Decimal(p), Decimal(q)] for p, q in truth[side][:depth]]
            == [[Decimal(p), Decimal(q)] for p, q in book[top][:depth]]
            for side, top in (("bids", "top_bids"), ("asks", "top_asks")))
        where = equal if is_equal else wrong if int(book["venue_sequence"] or 0) == truth["lastUpdateId"] else behind
        where.append((segment, name))
    return equal, wrong, behind
