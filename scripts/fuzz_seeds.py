#!/usr/bin/env python3
"""Writes the fuzzers' first inputs and dictionaries: recorded frames, and small inputs of every kind.

    fuzz_seeds.py FOLDER [RECORDINGS]

Each input starts with the byte that Tests/Fuzz says chooses the case. Lines of recordings are used where they exist.
"""
import gzip
import itertools
import json
import pathlib
import struct
import sys
import zlib

folder = pathlib.Path(sys.argv[1])
recordings = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None


def save(target, items, words):
    """Writes one file an input, and the target's dictionary."""
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    for index, item in enumerate(items):
        (place / f"{index:04}").write_bytes(item)
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words]
    (folder / f"{target}.dict").write_text("".join(lines))


def frames():
    """Recorded frames short enough for the fuzzer, with whether each is a REST answer."""
    fixtures = pathlib.Path("Tests/VenuesTests/Fixtures/Binance")
    for path in sorted(fixtures.glob("*.json")):
        yield path.read_bytes(), False
    recording = recordings / "binance-smoke.ndjson.gz" if recordings else None
    if recording is None or not recording.exists():
        return
    with gzip.open(recording, "rt") as lines:
        for line in itertools.islice(lines, 0, 4000, 20):
            line = json.loads(line)
            yield line["raw"].encode()[:2000], ":rest:" in line["conn"]


def decoder():
    own = [
        b'{"stream":"btcusdt@bookTicker","data":{"u":77,"s":"BTCUSDT","b":"1.50","B":"2","a":"1.60","A":"3.25"}}',
        b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1785000000500,"s":"BTCUSDT","a":1880001,'
        b'"p":"3120.15","q":"2.500","nq":"2.1","f":5,"l":6,"T":1785000000451,"m":false,"st":1}}',
        b'{"result":null,"id":41}', b'{"error":{"code":-1121,"msg":"x"},"id":3}', b'{"code":2,"msg":"Invalid"}',
        b'{"data":{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true},"stream":"btcusdt@trade"}',
        '{"stream":"\\u5e01\\u5b89\\u4eba\\u751fusdt@trade","data":{"s":"币安人生USDT","t":5,"p":"1","q":"2","m":true}}'
        .encode(),
    ]
    for frame, is_answer in itertools.chain(frames(), ((frame, False) for frame in own)):
        for segment in range(3):
            first = segment
            while (first & 4 != 0) != is_answer:  # the bit that says snapshot, in the same segment
                first += 3
            yield bytes([first]) + frame
    past = {
        8: [b'[{"id":28457,"price":"4.00000100","qty":"12.0","quoteQty":"48","time":1785000000590,"isBuyerMaker":true}]',
            b'[{"a":7,"p":"0.0163","q":"4.7","f":1,"l":2,"T":1785000000153,"m":true},'
            b'{"a":9,"p":"1","q":"1","T":1785000000154,"m":false}]'],
        16: [b'[{"symbol":"BTCUSDT","fundingRate":"-0.0375","fundingTime":1785000000000,"markPrice":"34287.5"}]'],
        24: [b'[[1785000000000,"1.5","1.7","1.4","1.6","1000.25",1785000059999,"1600.5",308,"500","800","0"]]'],
        32: [b'[{"symbol":"BTCUSDT","sumOpenInterest":"20403.6","sumOpenInterestValue":"15.1","timestamp":1785000000000}]'],
        48: [b'[{"longShortRatio":"1.8","longAccount":"0.6","shortAccount":"0.4","timestamp":"1785000000000"}]'],
        56: [b'[[1785000000000,"1.5","1.7","1.4","1.6","0",1785000059999,"0",60,"0","0","0"]]'],
    }
    for bits, answers in past.items():  # the bits that say which question it answers
        for answer in answers:
            yield bytes([4 | bits]) + answer
    yield bytes([4]) + b'{"lastUpdateId":1027024,"E":1,"T":2,"bids":[["4.00000000","431.0"]],"asks":[["4.2","12"]]}'


def okx():
    symbol = b"SOL-USDT-SWAP"
    rows = {
        b"books": b'{"asks":[["171.21","350","0","9"]],"bids":[],"ts":"1785000000101","checksum":0,"prevSeqId":1,"seqId":9}',
        b"bbo-tbt": b'{"asks":[["111.06","55154","0","2"]],"bids":[["111.05","57745","0","2"]],"ts":"1","seqId":3}',
        b"trades": b'{"instId":"SOL-USDT-SWAP","tradeId":"52","px":"1.9","sz":"3.25","side":"sell","ts":"1","count":"2"}',
        b"mark-price": b'{"instId":"SOL-USDT-SWAP","markPx":"171.2","ts":"1785000000000"}',
        b"funding-rate": b'{"instId":"SOL-USDT-SWAP","fundingRate":"0.0001","fundingTime":"10","nextFundingTime":"20",'
        b'"nextFundingRate":"","settFundingRate":"-0.1","ts":"1"}',
        b"open-interest": b'{"instId":"SOL-USDT-SWAP","oi":"5000","oiCcy":"555.55","oiUsd":"7.5","ts":"1"}',
        b"candle1m": b'["1597026383085","8533.02","8553.74","8527.17","8548.26","529","5.38","4529.5","0"]',
    }
    frames = [
        b'{"arg":{"channel":"' + channel + b'","instId":"' + symbol + b'"},"action":"update","data":[' + row + b"]}"
        for channel, row in rows.items()
    ]
    frames += [path.read_bytes() for path in sorted(pathlib.Path("Tests/VenuesTests/Fixtures/OKX").glob("*.json"))]
    frames += recorded("okx")
    frames += [
        b'{"data":[{"idxPx":"7","instId":"SOL-USDT","ts":"1"}],"arg":{"instId":"SOL-USDT","channel":"index-tickers"}}',
        b'{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"instId":"SOL-USDT-SWAP","details":[{"side":'
        b'"sell","posSide":"long","bkPx":"166.02","sz":"41","ts":"1785000000420"}]}]}',
        b'{"arg":{"channel":"instruments","instType":"SWAP"},"data":[]}', b"pong",
        b'{"id":"7","event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a"}',
        b'{"id":"8","event":"error","code":"60018","msg":"x"}', b'{"event":"notice","code":"64008"}',
    ]
    for frame in frames:
        for first in (0, 1):  # spot and swap, scales of no digits
            yield bytes([first]) + frame
    bars = b'{"code":"0","msg":"","data":[["1597026383085","8533.02","8553.74","8527.17","8548.26","529","5","4","1"]]}'
    yield bytes([2]) + bars
    yield bytes([18]) + b'{"code":"0","msg":"","data":[{"asks":[["171.21","350","0","9"]],"bids":[],"ts":"1","seqId":9}]}'
    yield bytes([7]) + b'{"code":"0","data":[["1701417600000","1.1739"],["1701417300000","1.2"]],"msg":""}'
    yield bytes([10]) + (b'{"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.5","px":"171.25",'
                         b'"tradeId":"22","ts":"2"},{"instId":"BTC-USDT","side":"buy","sz":"12","px":"171.2",'
                         b'"tradeId":"20","ts":"1"}]}')
    yield bytes([15]) + (b'{"code":"0","data":[{"fundingRate":"0.1","fundingTime":"1784995200000","instId":"BTC-USDT",'
                         b'"realizedRate":"-0.00002279"}]}')
    yield bytes([23]) + b'{"code":"0","data":[["1701417600000","690.5","6905","1182136.8"],["1701417300000","1","2","3"]]}'
    yield bytes([27]) + b'{"code":"0","data":[["1701417600000","1","2","0.5","1.5","1"]],"msg":""}'


def deribit():
    frames = recorded("deribit")
    name = b"BTC-PERPETUAL"
    notified = {
        b"book.BTC-PERPETUAL.raw": b'{"type":"change","timestamp":1785000000000,"prev_change_id":1,"instrument_name":"'
        + name + b'","change_id":3,"bids":[["change",61000.5,70.0],["delete",60999.0,0.0]],"asks":[["new",6.1e4,10]]}',
        b"trades.BTC-PERPETUAL.100ms": b'[{"trade_seq":7,"trade_id":"ETH-9","timestamp":1785000000000,"price":61000.5,'
        b'"amount":1e1,"direction":"sell","instrument_name":"' + name + b'","liquidation":"MT","index_price":1.5}]',
        b"quote.BTC-PERPETUAL": b'{"timestamp":1785000000000,"instrument_name":"' + name + b'","best_bid_price":1.5,'
        b'"best_bid_amount":10.0,"best_ask_price":null,"best_ask_amount":0.0}',
        b"ticker.BTC-PERPETUAL.100ms": b'{"timestamp":1785000000000,"state":"open","open_interest":5e6,"mark_price":1.5,'
        b'"index_price":1.25,"instrument_name":"' + name + b'","funding_8h":-1.2e-5,"current_funding":0.0}',
        b"chart.trades.BTC-PERPETUAL.1": b'{"tick":1785000000000,"open":1.5,"high":2,"low":1e0,"close":1.25,"volume":0.5,'
        b'"cost":100.0}',
        b"deribit_volatility_index.btc_usd": b'{"volatility":41.25,"timestamp":1785000000000,"index_name":"btc_usd"}',
        b"instrument.state.any.any": b'{"timestamp":1,"state":"created","instrument_name":"' + name + b'"}',
        b"platform_state": b'{"maintenance":true}',
    }
    head = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
    frames += [head + channel + b'","data":' + data + b"}}" for channel, data in notified.items()]
    frames += [
        b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}',
        b'{"jsonrpc":"2.0","id":4,"result":["platform_state","quote.BTC-PERPETUAL"],"usOut":1785000000000000}',
        b'{"jsonrpc":"2.0","id":5,"error":{"message":"x","code":-32602}}', b'{"id":6,"result":"ok"}',
    ]
    for frame in frames:
        for first in (0, 1):  # perpetuals and options, scales of no digits
            yield bytes([first]) + frame
    yield bytes([32]) + (b'{"result":{"volume":[1.5],"ticks":[1785000000000],"status":"ok","open":[1.5],"low":[1],'
                         b'"high":[2.5],"cost":[3e1],"close":[1.5]},"usOut":1785000900000000}')
    yield bytes([40]) + (b'{"result":{"trades":[{"trade_seq":7,"trade_id":"9","timestamp":1785000000000,"price":61000.5,'
                         b'"amount":1e1,"direction":"sell","instrument_name":"' + name + b'","liquidation":"MT"}],'
                         b'"has_more":true},"usOut":1}')
    yield bytes([56]) + (b'{"result":[{"timestamp":1785006000000,"index_price":8222.87,"interest_8h":-0.00009234260068476106,'
                         b'"interest_1h":-4.739622041017375e-7}]}')
    yield bytes([96]) + (b'{"result":{"timestamp":1,"state":"open","instrument_name":"BTC-PERPETUAL","change_id":9,'
                         b'"bids":[[84210.5,25340.0]],"asks":[[1.2e5,10.0]]}}')
    yield bytes([48]) + b'{"result":{"data":[[1785000000000,41.3,41.5,41.2,41.4]],"continuation":null},"id":0}'


def recorded(name):
    """The frames of a recording of another venue, short enough for the fuzzer."""
    recording = recordings / f"{name}.ndjson.gz" if recordings else None
    if recording is None or not recording.exists():
        return []
    with gzip.open(recording, "rt") as lines:
        return [line["raw"].encode()[:2000] for line in map(json.loads, lines) if line["direction"] == "received"]


def decimal():
    texts = ["61737.63000000", "0.00000001", "-1.5", "1000000000000000000", "1000000000000000001", "0.0", "5.", ".5",
             "9999999.99999999", "12345678.12345678", "00012.50", "1" + "0" * 40, "0." + "0" * 30 + "1", "1.2.3", "1e5"]
    for text in texts:
        for scale in (0, 2, 8, 18):
            yield bytes([scale]) + text.encode()
    for number in (0, 1, 99_999_999, 100_000_000, 10**18, -10**18, -5):
        for scale in (0, 7, 8, 18):
            yield bytes([scale]) + struct.pack("<q", number)


def http():
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nuntil close", b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 1500,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"y" * 1100,
    ]
    for answer in answers:
        for seed in (0, 1, 9, 30):
            yield bytes([seed]) + answer


def websocket():
    def frame(first, payload, mask=b"\x01\x02\x03\x04"):
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        return bytes([first]) + length + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    wires = [
        frame(0x81, b"hello"), frame(0x01, b"hel") + frame(0x89, b"ping") + frame(0x80, b"lo"), frame(0x82, b""),
        frame(0x88, b"\x03\xe8bye"), frame(0x81, b"x" * 200), b"\x81\xff" + b"\x00" * 8 + b"\x01\x02\x03\x04",
        b"\x81\xff\x7f" + b"\xff" * 7, b"\xc1\x80\x00\x00\x00\x00",
    ]
    for wire in wires:
        for seed in (0, 1, 5, 30):
            yield bytes([seed << 2]) + wire
    for text in (b"hello", b'{"stream":"btcusdt@trade"}' * 20, b"a" * 3000):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        message = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
        ended = zlib.compressobj(9, zlib.DEFLATED, -15)
        for choice in (0, 1, 2, 60):
            yield bytes([choice << 2 | 1]) + message[:-4]
            yield bytes([choice << 2 | 1]) + message[:-4] + b"\n" + message[:-4]
            yield bytes([choice << 2 | 1]) + ended.copy().compress(text) + ended.copy().flush()
    for text in ("plain text of more than thirty-two bytes, all ASCII", "币安人生 ü €", "\U0010ffff"):
        yield bytes([2]) + text.encode()
    yield bytes([2]) + b"\xed\xa0\x80"


def request():
    yield from (
        b"GET /api/v3/depth?symbol=BTCUSDT&limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /stream?streams=btcusdt@trade/%E5%B8%81usdt@depth@100ms HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"GET /public/ws/btcusdt@depth HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"OPTIONS * HTTP/1.1\n\n",
        b"GET /a+b%2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    )


def pipeline():
    """A snapshot and the changes that follow it, by segment; then recorded frames, several an input."""
    spot = (
        b'\x04{"lastUpdateId":100,"bids":[["10.5","1"],["10.4","2"]],"asks":[["10.6","1"],["10.7","3.25"]]}',
        b'\x20{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":99,"u":101,'
        b'"b":[["10.5","0"],["10.45","7"]],"a":[["10.6","2"]]}}',
        b'\x20{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000100,"s":"BTCUSDT","U":102,"u":110,'
        b'"b":[["10.650","1"]],"a":[]}}',
        b'\x00{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000100,"s":"BTCUSDT","t":5,"p":"10.5","q":"1",'
        b'"T":1700000000099,"m":true}}',
        b'\xe0{"stream":"btcusdt@bookTicker","data":{"u":77,"s":"BTCUSDT","b":"1.50","B":"2","a":"1.60","A":"3.25"}}',
    )
    futures = (
        b'\x05{"lastUpdateId":100,"E":1,"T":2,"bids":[["4.00000000","431.0"]],"asks":[["4.2","12"]]}',
        b'\x21{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,'
        b'"s":"BTCUSDT","U":99,"u":120,"pu":98,"b":[["4.1","1"]],"a":[["4.2","0"]]}}',
        b'\x21{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1700000000010,"T":1700000000010,'
        b'"s":"BTCUSDT","U":121,"u":130,"pu":120,"b":[["4.1","0"]],"a":[["4.15","3"]]}}',
    )
    for choice in (0, 1, 2, 3, 5, 13, 18, 31):
        yield bytes([choice]) + b"\n".join(spot)
        yield bytes([choice]) + b"\n".join(futures)
        # From the other end: a gap, and an answer older than the stream.
        yield bytes([choice]) + b"\n".join(reversed(spot))
    lines = [b"\x20" + frame for frame, is_answer in frames() if not is_answer and len(frame) < 700]
    for start in range(0, len(lines), 5):
        yield bytes([start & 31]) + b"\n".join(lines[start:start + 5])


def instruments():
    entry = (
        b'{"symbol":"BTCUSDT","status":"TRADING","contractType":"PERPETUAL","contractSize":100,"baseAsset":"BTC",'
        b'"quoteAsset":"USDT","marginAsset":"USDT","deliveryDate":4133404800000,"onboardDate":1569398400000,"filters":['
        b'{"filterType":"PRICE_FILTER","tickSize":"0.10"},{"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.001"},'
        b'{"filterType":"MIN_NOTIONAL","notional":"100"}]}'
    )
    for segment in range(3):
        yield bytes([segment]) + b'{"symbols":[' + entry + b"]}"
        yield bytes([segment]) + b'{"symbols":[{"symbol":1},' + entry.replace(b"BTCUSDT", b"BTCUSD_260925") + b"]}"
        yield bytes([segment]) + '{"symbols":[{"symbol":"币安\\n","baseAsset":"币 *>.","quoteAsset":"\\u0000"}]}'.encode()


def configuration():
    for path in sorted(pathlib.Path("Config").glob("*.yaml")):
        yield path.read_bytes()
    yield from (
        b"instance: a\n", b"books: {depth: 100, retain: [1, 2]}\n", b"nats:\n  servers: ['nats://a:b@c:1']\n", b"? [a]\n: b\n",
        b'transport:\n  proxy: "http://127.0.0.1:1"\n', b"100ms", b"64MiB", b"24h", b"9223372036854775807us", b"[::1]:80",
    )


def recording():
    def line(raw):
        return json.dumps({"ts": 1717200000000000000, "conn": "binance_spot:ws", "raw": raw}).encode()

    for frame, _ in itertools.islice(frames(), 40):
        yield line(frame[:900].decode(errors="replace"))
        yield frame
    yield from (
        line('"\\/\b\f\n\r\t\U0001f600é'), b'{"conn":"x","raw":"\\ud83d\\ude00","ts":1}', b'{"raw":"a","raw":"b","ts":01}',
        b'{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}', b'{"method":"SET_PROPERTY","params":["combined",true]}',
        b'{"lastUpdateId":1,"bids":[["1.5","2"]],"asks":[]}',
    )


def answer():
    yield from (
        b'{"stream":"S", "seq":7}', b'{"stream":"S","seq":7,"duplicate": true}', b'{"error":{"code":503,"err_code":10077}}',
        b'{"v":1,"type":"trade","venue":"binance","market":"spot","symbol":"BTC-USDT","price":"1","size":"2","id":"3"}',
        b'{"type":"orderbook","bids":[["1.5","2"],["1","x\\u001b[31m"]],"asks":[["2","1"]],"time":1,"sequence":5}',
        b'{"type":"bbo","bid":"1","ask":"2"}', b'{"type":"status","scope":"book","name":"x","state":"live"}',
        b'{"type":"heartbeat","queued":{"a":1},"uptime":5}', b'{"type":"instrument","contract_size":"1"}',
        b'{"type":"orderbook_delta","previous_sequence":1,"sequence":2,"bids":[],"asks":[]}',
    )


def archive():
    """The first byte is the place of the table in ArchiveFuzz."""
    lines = (
        b"7,61737.63,0.001,1001,1003,1790812800000123,True,True", b"7,1.5,3,4.5,1790812800105,false",
        b"open_time,open,high,low,close,volume,close_time,quote_volume,count\n"
        b"1790812800000,1.5,1.7,1.4,1.60,1000.25,1790812859999,1600.5,308",
        b"1790812800000,1.5,1.70,1.4,1.6,0,1790812859999,0,60,0,0,0",
        b"calc_time,funding_interval_hours,last_funding_rate\n1790812800001,8,-0.00005703",
        b"create_time,symbol,sum_open_interest\n2026-10-01 00:05:00,BTCUSDT,2310973.7900000000000000",
        b"2026-10-01 00:05:00,BTCUSDT,2310973.79,3669133.08,4.24734982,2.26803000,2.72141015,0.69236000",
        b"\xef\xbb\xbfinstrument_name,trade_id,side,price,size,created_time\nBTC-USDT-SWAP,5,sell,78542.2,14.07,1788192000021",
        b"BTC-USDT,3839.44,3843.58,3836.71,3838.16,23503.2,2350.32,9024127.3,1761148800000,1",
        b"instrument_name,funding_rate,real_funding_rate,funding_time\r\nBTC-USDT-SWAP,1e-4,0.00009,1760659200000\r",
        b"update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
        b"3831603310013,2474.30000000,6.00900000,2474.31000000,44.75700000,1705276800000,1705276800005",
    )
    for table, line in enumerate(lines):
        yield bytes([table]) + line
    yield bytes([7]) + (b'{"code":"0","data":[{"details":[{"instId":"","instFamily":"BTC-USDT","instType":"SWAP","groupDetails":'
                        b'[{"filename":"a-2026-10-01.zip","dateTs":"1790812800000","url":"https://static.okx.com/a.zip"}]}]}]}')


json_words = [b'"stream":', b'"data":', b'"e":"trade"', b'"u":', b'"U":', b'"pu":', b'"b":[["', b'"a":[["', b'"],["',
              b'","', b'"]]', b"\\u0041", b'"m":true', b'"X":"MARKET"', b'"lastUpdateId":', b'"bids":[]', b'"st":1']
http_words = [b"HTTP/1.1 200 OK\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"\r\n\r\n",
              b"Connection: close\r\n", b"0\r\n\r\n", b"HTTP/1.1 100 \r\n\r\n", b"ffffffff"]
save("decoder", decoder(), json_words)
save("okx", okx(), [b'{"arg":{"channel":"', b'","instId":"', b'"},"data":[', b'"action":"snapshot"', b'SOL-USDT-SWAP', b'"ts":"1"',
                    b'"seqId":', b'"prevSeqId":-1', b'"checksum":7', b'"count":"2"', b'"details":[', b'{"code":"0","data":['])
save("deribit", deribit(), [b'"params":{"channel":"', b'","data":{', b'["new",', b'["change",', b'["delete",', b'"change_id":',
                            b'"prev_change_id":', b"1e-5", b"-0.0E+2", b'"liquidation":"MT"', b'"result":', b'"usOut":', b"null"])
save("decimal", decimal(), [b"00000000", b".", b"-", b"1000000000000000000", b"99999999"])
save("http", http(), http_words)
save("websocket", websocket(), [b"\x81\x85", b"\x88\x82", b"\xfe\x00", b"\xff\x00\x00\x00\x00", b"\x00\x00\xff\xff"])
save("request", request(), [b"HTTP/1.1\r\n", b"Content-Length: ", b"\r\n\r\n", b"%", b"Connection: Upgrade", b"?streams="])
save("pipeline", pipeline(), [*json_words, b'"0"', b"999999999999999999", b"0.000000000000000001", b"\n\x04{", b"\n\x20{"])
save("instruments", instruments(), [b'"symbol":', b'"filters":', b'"tickSize":"', b'"contractSize":', b"1e-18", b"_260925"])
save("configuration", configuration(), [b": ", b"- ", b"\n  ", b"*a", b"&a", b"books:", b"nats:", b"ms", b"MiB", b"[", b"{", b"? "])
save("recording", recording(), [b'"raw":"', b'"ts":', b'"conn":"', b"\\u", b"\\ud83d\\ude00", b'"params":[', b'"bids":[["'])
save("answer", answer(), [b'"error"', b'"seq":', b'"type":"', b'"bids":[["', b'"code":', b"\\u009b", b"\\u202e"])
save("archive", archive(), [b",", b"\n", b"BTC-USDT-SWAP", b"BTCUSDT", b"1790812800000", b"2026-10-01 00:05:00", b"true", b'"'])
save("planted", [b"abc"], [b"f"])
