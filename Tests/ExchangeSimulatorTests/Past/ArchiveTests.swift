import Foundation
import MarketModel
import Testing

@testable import ExchangeSimulator

@Suite("Archives", .serialized)
struct ArchiveTests {
    private static let futures = "/archive/data/futures/um/daily"

    /// The lines of a ZIP's only member, unpacked by Python, which checks sizes and CRC.
    private static func lines(_ bytes: [UInt8]) throws -> [[String]] {
        let path = NSTemporaryDirectory() + "archive-\(UUID().uuidString).zip"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script =
            "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nn,=z.namelist()\n"
            + "sys.stdout.buffer.write(n.encode()+b'\\n'+z.read(n))"
        process.arguments = ["python3", "-c", script, path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private static func get(_ path: String, _ port: Int, _ headers: [String: String] = [:]) throws
        -> BlockingSocket.Answer
    {
        try BlockingSocket.request("GET", path, port: port, headers: headers)
    }

    /// Reads columns by the names that rows have, times in milliseconds.
    private static func read(
        _ lines: [[String]], _ columns: [String: Int], microseconds: Bool = false
    ) -> [[String: Decimal?]] {
        lines.map { line in
            var row = columns.mapValues { line.indices.contains($0) ? Decimal(string: line[$0]) : nil }
            if microseconds, let time = row["time"] ?? nil { row["time"] = time / 1000 }
            return row
        }
    }

    @Test("Binance's files of a day have the rows, headings and units of their kind, and the SHA-256 beside them")
    func binance() async throws {
        try await ExchangeFixture.run(MarketSegment.binance) { exchange, ports in
            let port = try #require(ports[.spot])
            let (from, to) = (PastFixture.midnight(20), PastFixture.midnight(19))
            let date = ArchiveFile.date(from)
            let bar = ["time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "turnover": 7, "trades": 8]
            let trade = ["id": 0, "price": 1, "size": 2, "time": 4]
            let aggregate = ["id": 0, "price": 1, "size": 2, "time": 5]
            let quote = ["id": 0, "bid": 1, "bid_size": 2, "ask": 3, "ask_size": 4, "time": 5]
            for (segment, folder, name, type, label, kind, columns) in [
                (.spot, "spot", "BTCUSDT", "klines", "1m", "kline:1m", bar),
                (.spot, "spot", "BTCUSDT", "trades", "trades", "trade", trade),
                (.spot, "spot", "ETHUSDT", "aggTrades", "aggTrades", "trade", aggregate),
                (.usdm, "futures/um", "BTCUSDT", "klines", "1h", "kline:1h", bar),
                (.usdm, "futures/um", "ETHUSDT", "trades", "trades", "trade", trade),
                (.usdm, "futures/um", "BTCUSDT", "aggTrades", "aggTrades", "trade", aggregate),
                (
                    .usdm, "futures/um", "BTCUSDT", "markPriceKlines", "5m", "mark_price:5m",
                    ["time": 0, "open": 1, "high": 2, "low": 3, "close": 4]
                ),
                (.usdm, "futures/um", "BTCUSDT", "bookTicker", "bookTicker", "bbo", quote),
                (.coinm, "futures/cm", "ETHUSD_PERP", "bookTicker", "bookTicker", "bbo", quote),
                (.coinm, "futures/cm", "BTCUSD_PERP", "klines", "1d", "kline:1d", bar),
                (.coinm, "futures/cm", "ETHUSD_PERP", "trades", "trades", "trade", trade),
            ] as [(MarketSegment, String, String, String, String, String, [String: Int])] {
                let sub = label == type ? "" : "\(label)/"
                let path = "/archive/data/\(folder)/daily/\(type)/\(name)/\(sub)\(name)-\(label)-\(date).zip"
                let answer = try Self.get(path, port)
                #expect(answer.status == 200, "\(path)")
                var lines = try Self.lines(answer.body)
                #expect(lines.removeFirst() == ["\(name)-\(label)-\(date).csv"])
                if segment != .spot { #expect(Int(lines.removeFirst()[0]) == nil, "\(path) has a heading") }
                let truth = try #require(
                    await exchange.past(PastKind(kind)!, of: name, in: segment, from: from, to: to))
                let rows = Self.read(lines, columns, microseconds: segment == .spot)
                #expect(
                    !truth.isEmpty && PastFixture.same(rows, truth, columns.keys.filter { $0 != "time" && $0 != "id" }),
                    "\(path)")
                let sum = try Self.get(path + ".CHECKSUM", port)
                #expect(sum.text == "\(ArchiveContent(bytes: answer.body).sha256)  \(name)-\(label)-\(date).zip\n")
            }
        }
    }

    @Test("Metrics bear the ends of their periods before 25 June 2026, and their starts since")
    func labels() async throws {
        let change: Int64 = 1_782_345_600_000
        let days = Int((PastFixture.now - change) / PastFixture.day) + 4
        try await ExchangeFixture.run([.usdm], { $0.past.days = days }) { _, ports in
            let port = try #require(ports[.usdm])
            for (day, first, last) in [
                ("2026-06-23", "2026-06-23 00:05:00", "2026-06-24 00:00:00"),
                ("2026-06-25", "2026-06-25 00:00:00", "2026-06-25 23:55:00"),
            ] {
                let lines = try Self.lines(
                    Self.get("\(Self.futures)/metrics/BTCUSDT/BTCUSDT-metrics-\(day).zip", port).body)
                #expect(lines.count == 2 + 288 && lines[2][0] == first && lines.last?[0] == last, "\(day)")
            }
        }
    }

    @Test("Monthly rates and daily metrics say what REST says")
    func rates() async throws {
        try await ExchangeFixture.run([.usdm]) { exchange, ports in
            let port = try #require(ports[.usdm])
            let from = BarGrid.month.previous(BarGrid.month.previous(BarGrid.month.start(of: PastFixture.now)))
            let to = BarGrid.month.next(from)
            let month = ArchiveFile.date(from).prefix(7)
            var lines = try Self.lines(
                Self.get(
                    "/archive/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-\(month).zip", port
                ).body)
            lines.removeFirst(2)
            let rates = try #require(await exchange.past(.fundingRate, of: "BTCUSDT", in: .usdm, from: from, to: to))
            #expect(rates.count >= 84 && PastFixture.same(Self.read(lines, ["time": 0, "rate": 2]), rates, ["rate"]))
            #expect(lines.allSatisfy { $0[1] == "8" })
            let day = PastFixture.midnight(3)
            let date = ArchiveFile.date(day)
            var metrics = try Self.lines(
                Self.get("\(Self.futures)/metrics/BTCUSDT/BTCUSDT-metrics-\(date).zip", port).body)
            metrics.removeFirst(2)
            #expect(
                metrics.count == 288 && metrics[0][0] == "\(date) 00:00:00" && metrics[287][0] == "\(date) 23:55:00")
            let timed = metrics.enumerated().map { [String(day + Int64($0.offset) * 300_000)] + $0.element.dropFirst() }
            for (kind, columns) in [
                ("open_interest:5m", ["amount": 2, "value": 3]), ("lsr_top_account:5m", ["ratio": 4]),
                ("lsr_top_position:5m", ["ratio": 5]), ("lsr_all_account:5m", ["ratio": 6]),
            ] {
                let truth = try #require(
                    await exchange.past(
                        PastKind(kind)!, of: "BTCUSDT", in: .usdm, from: day, to: day + PastFixture.day))
                let rows = Self.read(timed, columns.merging(["time": 0]) { $1 })
                #expect(PastFixture.same(rows, truth, Array(columns.keys)), "\(kind)")
            }
        }
    }

    @Test("What is not over, not begun or not the venue's is not there")
    func missing() async throws {
        try await ExchangeFixture.run([.usdm]) { exchange, ports in
            let url = try #require(exchange.archiveURL)
            let port = try #require(URL(string: url)?.port)
            for (days, name, status) in [
                (1, "BTCUSDT", 200), (92, "BTCUSDT", 200), (0, "BTCUSDT", 404), (93, "BTCUSDT", 404),
                (1, "NOPEUSDT", 404),
            ] as [(Int64, String, Int)] {
                let date = ArchiveFile.date(PastFixture.midnight(days))
                let answer = try Self.get("\(Self.futures)/trades/\(name)/\(name)-trades-\(date).zip", port)
                #expect(answer.status == status, "\(days) days ago, \(name)")
            }
            #expect(try Self.get("/fapi/v1/time", port).status == 404)
            let state = try #require(await exchange.state())
            #expect(state.requests["archive"]?.asked == 2 && state.requests["missing"]?.failed == 3)
            #expect(state.counters.archiveRequests == 5 && state.archivesMade == 2)
            let socket = try BlockingSocket.webSocket("/public/ws/btcusdt@depth", port: #require(ports[.usdm]))
            _ = try socket.message()
            let sockets = try #require(await exchange.state()?.connections["binanceUSDM"])
            #expect(sockets == SimulatedConnections(open: 0, most: 1, accepted: 1))
            #expect(state.connections["archive"]?.accepted == 6 && state.connections["archive"]?.most ?? 0 >= 1)
        }
    }

    @Test("OKX's list names files of its days, which lie eight hours before those of UTC")
    func okx() async throws {
        try await ExchangeFixture.run([.okxSpot, .okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let begin = PastFixture.midnight(12) - 8 * PastFixture.hour
            let path = "/api/v5/public/market-data-history"
            for (module, kind, columns) in [
                ("1", "trade", ["id": 1, "price": 3, "size": 4, "time": 5]),
                (
                    "2", "kline:1m",
                    ["open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "turnover": 7, "time": 8]
                ),
                ("3", "funding_rate", ["rate": 1, "time": 2]),
            ] {
                let list = try JSONValue(
                    Self.get(
                        "\(path)?module=\(module)&instType=SWAP&instFamilyList=BTC-USDT&dateAggrType=daily"
                            + "&begin=\(begin)&end=\(begin + PastFixture.day)", port))["data"][0]["details"]
                #expect(list.list.count == 1 && list[0]["instFamily"].text == "BTC-USDT")
                let files = list[0]["groupDetails"].list
                #expect(files.map { $0["dateTs"].text } == [String(begin + PastFixture.day), String(begin)])
                let url = try #require(files[1]["url"].text)
                #expect(url.hasPrefix("http://localhost/archive/cdn/"))
                let file = try Self.get(String(url.dropFirst("http://localhost".count)), port)
                var lines = try Self.lines(file.body)
                #expect(lines.removeFirst()[0].dropLast(4) == files[1]["filename"].text?.dropLast(4) ?? "")
                #expect(lines.removeFirst()[0] == "instrument_name")
                let truth = try #require(
                    await exchange.past(
                        PastKind(kind)!, of: "BTC-USDT-SWAP", in: .okxSwap, from: begin, to: begin + PastFixture.day))
                let keys = columns.keys.filter { $0 != "time" && $0 != "id" }
                #expect(!truth.isEmpty && PastFixture.same(Self.read(lines, columns), truth, Array(keys)), "\(kind)")
                #expect(lines.allSatisfy { $0[0] == "BTC-USDT-SWAP" })
            }
            let newest = try JSONValue(
                Self.get(
                    "\(path)?module=1&instType=SPOT&instIdList=BTC-USDT,ETH-USDT&dateAggrType=daily"
                        + "&begin=\(PastFixture.now - 5 * PastFixture.day)&end=\(PastFixture.now)", port))
            let details = newest["data"][0]["details"].list
            #expect(details.map { $0["instId"].text } == ["BTC-USDT", "ETH-USDT"])
            let today = (PastFixture.now + 8 * PastFixture.hour) / PastFixture.day * PastFixture.day
            #expect(
                details[0]["groupDetails"][0]["dateTs"].text
                    == String(today - 2 * PastFixture.day - 8 * PastFixture.hour))
            let long = try Self.get(
                "\(path)?module=1&instType=SWAP&instFamilyList=BTC-USDT&dateAggrType=daily&begin=\(begin)"
                    + "&end=\(begin + 11 * PastFixture.day)", port)
            #expect(long.status == 400 && long.text.contains("50076"))
        }
    }
}

@Suite("Archives that go wrong", .serialized)
struct ArchiveFaultTests {
    /// A file of yesterday's bars.
    private static var path: String {
        let date = ArchiveFile.date(PastFixture.midnight(1))
        return "/archive/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-\(date).zip"
    }

    private static func get(_ path: String, _ port: Int, _ headers: [String: String] = [:]) throws
        -> BlockingSocket.Answer
    {
        try BlockingSocket.request("GET", path, port: port, headers: headers)
    }

    @Test("Parts fit together, with a condition as without; a tag that is no more gives the whole")
    func ranges() async throws {
        try await ExchangeFixture.run([.usdm]) { exchange, ports in
            let port = try #require(ports[.usdm])
            let whole = try Self.get(Self.path, port)
            let tag = try #require(whole.headers["etag"])
            #expect(
                whole.headers["accept-ranges"] == "bytes" && whole.headers["content-length"] == String(whole.body.count)
            )
            let middle = whole.body.count / 3
            let first = try Self.get(Self.path, port, ["Range": "bytes=0-\(middle - 1)"])
            let rest = try Self.get(Self.path, port, ["Range": "bytes=\(middle)-", "If-Range": tag])
            #expect(first.status == 206 && rest.status == 206 && first.body + rest.body == whole.body)
            let count = whole.body.count
            #expect(rest.headers["content-range"] == "bytes \(middle)-\(count - 1)/\(count)")
            let other = try Self.get(Self.path, port, ["Range": "bytes=\(middle)-", "If-Range": "\"gone\""])
            #expect(other.status == 200 && other.body == whole.body)
            let behind = try Self.get(Self.path, port, ["Range": "bytes=\(count)-"])
            #expect(
                behind.status == 416 && behind.headers["content-range"] == "bytes */\(count)" && behind.body.isEmpty)
            await exchange.inject(.rangeIgnored, stream: "archive")
            let ignored = try Self.get(Self.path, port, ["Range": "bytes=\(middle)-"])
            #expect(ignored.status == 200 && ignored.body == whole.body)
            #expect(await exchange.state()?.archivesMade == 1)
        }
    }

    @Test("A changed file has other bytes, another tag and another sum, and the same rows")
    func changed() async throws {
        try await ExchangeFixture.run([.usdm]) { exchange, ports in
            let port = try #require(ports[.usdm])
            let before = try Self.get(Self.path, port)
            await exchange.inject(.archiveChanged)
            let after = try Self.get(
                Self.path, port, ["Range": "bytes=100-", "If-Range": before.headers["etag"] ?? ""])
            #expect(after.status == 200 && after.headers["etag"] != before.headers["etag"] && after.body != before.body)
            #expect(
                try Self.get(Self.path + ".CHECKSUM", port).text.hasPrefix(ArchiveContent(bytes: after.body).sha256))
            // The CRC and the size of what is packed stand in the member's own header.
            #expect(after.body[14..<18] == before.body[14..<18] && after.body[22..<26] == before.body[22..<26])
        }
    }

    @Test("Sums are wrong, bodies end early or come slowly, answers are cut or empty")
    func bodies() async throws {
        try await ExchangeFixture.run([.usdm]) {
            $0.faults.archiveBytesPerSecond = 100_000
        } _: { exchange, ports in
            let port = try #require(ports[.usdm])
            let whole = try Self.get(Self.path, port)
            let sum = try Self.get(Self.path + ".CHECKSUM", port).text
            await exchange.inject(.wrongChecksum)
            let wrong = try Self.get(Self.path + ".CHECKSUM", port).text
            #expect(wrong != sum && wrong.count == sum.count && wrong.hasSuffix(sum.suffix(20)))
            await exchange.inject(.truncatedArchive)
            #expect(throws: BlockingSocket.Closed.self) { try Self.get(Self.path, port) }
            await exchange.inject(.slowArchive)
            let began = ContinuousClock.now
            #expect(try Self.get(Self.path, port).body == whole.body)
            #expect(ContinuousClock.now - began > .microseconds(whole.body.count * 10 * 8 / 10))
            await exchange.inject(.cutAnswer, stream: "archive")
            #expect(try Self.get("/fapi/v1/time", port).text.hasSuffix("}"))
            #expect(try Self.get(Self.path, port).body == Array(whole.body.prefix(whole.body.count / 2)))
            await exchange.inject(.emptyAnswer, stream: "rest")
            #expect(try Self.get(Self.path, port).body == whole.body)
            let empty = try Self.get("/fapi/v1/time", port)
            #expect(empty.status == 200 && empty.body.isEmpty)
            await exchange.inject(.cutAnswer, stream: "/fapi/v1/klines")
            #expect(try Self.get("/fapi/v1/time", port).text.hasSuffix("}"))
            #expect(!(try Self.get("/fapi/v1/klines?symbol=BTCUSDT&interval=1m", port)).text.hasSuffix("]"))
        }
    }

    @Test("Refusals come by their status, by order and by share, the same ones for the same seed")
    func refusals() async throws {
        var outcomes: [[Int]] = []
        for _ in 0..<2 {
            try await ExchangeFixture.run([.usdm]) {
                $0.faults.seed = 7
                $0.faults.retryAfterSeconds = 3
            } _: { exchange, ports in
                let port = try #require(ports[.usdm])
                for (fault, status) in [
                    (Fault.rateLimited, 429), (.banned, 418), (.forbidden, 403), (.serverError, 503),
                    (.internalError, 500),
                ] {
                    for (target, scope) in [(Self.path, "archive"), ("/fapi/v1/time", "rest")] {
                        await exchange.inject(fault, stream: scope)
                        let answer = try Self.get(target, port)
                        #expect(answer.status == status)
                        if status == 429 || status == 418 { #expect(answer.headers["retry-after"] == "3") }
                        #expect(try Self.get(target, port).status == 200)
                    }
                }
                let answer = try BlockingSocket.request(
                    "POST", "/simulator/rate?kind=serverError&share=0.25&scope=archive", port: port)
                #expect(answer.status == 200)
                #expect(
                    try BlockingSocket.request("POST", "/simulator/rate?kind=drop&share=0.1", port: port).status == 400)
                #expect(try (0..<20).allSatisfy { _ in try Self.get("/fapi/v1/time", port).status == 200 })
                outcomes.append(try (0..<60).map { _ in try Self.get(Self.path, port).status })
                let failures = outcomes.last?.count { $0 == 503 } ?? 0
                #expect((5...30).contains(failures))
                #expect(await exchange.state()?.statuses[503] == failures + 2)
            }
        }
        #expect(outcomes[0] == outcomes[1])
    }

    @Test("A page tells the true rows, a line each")
    func page() async throws {
        try await ExchangeFixture.run([.usdm]) { exchange, ports in
            let port = try #require(ports[.usdm])
            let from = PastFixture.midnight(2)
            let answer = try Self.get(
                "/simulator/past?segment=usdm&symbol=BTCUSDT&kind=kline:1h&from=\(from)&to=\(from + PastFixture.day)",
                port)
            let lines = answer.text.split(separator: "\n")
            let truth = try #require(
                await exchange.past(
                    .kline(.hour1), of: "BTCUSDT", in: .usdm, from: from, to: from + PastFixture.day))
            #expect(lines.count == 24)
            for (line, row) in zip(lines, truth) {
                let value = try JSONValue(String(line))
                #expect(value["time"].integer == Int(row.milliseconds))
                #expect(row.values.allSatisfy { value[$0.key].text == $0.value })
            }
            #expect(
                try Self.get("/simulator/past?segment=usdm&symbol=BTCUSDT&kind=nope&from=0&to=1", port).status == 404)
        }
    }
}
