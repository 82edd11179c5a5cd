import Testing

@testable import Collector

@Suite("The live table")
struct LiveTableTests {
    private static func summary(connections: Int, books: Int) -> LiveSummary {
        LiveSummary(
            instance: "demo", uptime: .seconds(75), messagesPerSecond: 12_345, publishedPerSecond: 900,
            lagMedian: .microseconds(420), lagMax: .milliseconds(3), queuedMessages: 17, queuedBytes: .kibibytes(40),
            queueLimit: .mebibytes(32), residentBytes: .mebibytes(61),
            connections: (0..<connections).map { index in
                LiveSummary.Connection(
                    name: "binance-usdm-public-\(index)", state: index == connections - 1 ? "backing off" : "live",
                    isHealthy: index != connections - 1, messagesPerSecond: 410, silence: .milliseconds(12),
                    reconnects: index)
            },
            books: (0..<books).map { index in
                LiveSummary.Book(
                    segment: "usdm", symbol: index == 0 ? "币安人生\u{1b}[31mUSDT" : "S\(index)USDT", state: "refreshing",
                    isHealthy: true, bid: "61737.63", ask: index == 1 ? nil : "61738.1", trustedDepth: 100,
                    depth: 100, resyncs: 0)
            },
            nats: LiveSummary.NATS(
                state: "connected", isHealthy: true, server: "nats://127.0.0.1:4222", confirmedPerSecond: 900,
                unconfirmed: 0, dropped: 0, conflated: 3))
    }

    @Test("It fits the terminal, whatever there is to show", arguments: [40, 80, 132], [12, 24, 50])
    func fits(columns: Int, rows: Int) {
        for (connections, books) in [(0, 0), (4, 6), (40, 600)] {
            let table = LiveTable(columns: columns, rows: rows, style: .plain)
            let lines = table.lines(Self.summary(connections: connections, books: books))
            #expect(lines.count < rows)
            #expect(lines.allSatisfy { TerminalText.width(of: $0) <= columns })
        }
    }

    @Test("It shows connections, books with best prices, rates, lag, queue and NATS")
    func shows() {
        let lines = LiveTable(style: .plain).lines(Self.summary(connections: 2, books: 2))
        #expect(
            lines == [
                "sluice demo  up 1m15s  memory 61.0MiB",
                "in 12.3k/s  out 900/s  lag 420us max 3.0ms  queue 17 40.0KiB/32.0MiB",
                "nats connected  confirmed 900/s  unconfirmed 0  dropped 0  conflated 3  nats://…",
                "",
                "CONNECTION                       STATE          MSG/S  SILENT  RECONNECTS",
                "binance-usdm-public-0            live             410  12.0ms           0",
                "binance-usdm-public-1            backing off      410  12.0ms           1",
                "",
                "BOOK                 STATE                 BID            ASK     DEPTH RESYNCS",
                "usdm 币安人生\\u{1b}… refreshing       61737.63        61738.1   100/100       0",
                "usdm S1USDT          refreshing       61737.63              -   100/100       0",
            ])
    }

    @Test("Colours and hostile names bring no escape sequence of their own")
    func escapes() {
        let summary = Self.summary(connections: 2, books: 2)
        let plain = LiveTable(style: .plain).lines(summary)
        #expect(!plain.joined().contains("\u{1b}"))
        let coloured = LiveTable(style: .ansi).lines(summary)
        #expect(coloured.contains { $0.hasPrefix("\u{1b}[31mbinance-usdm-public-1") })
        #expect(!coloured.joined().contains("\u{1b}[31mUSDT"))
    }

    @Test("What is not live comes first when not all fits, and the rest is counted")
    func unhealthyFirst() {
        let lines = LiveTable(rows: 24, style: .plain).lines(Self.summary(connections: 40, books: 1))
        #expect(lines[5].hasPrefix("binance-usdm-public-39"))
        #expect(lines.contains { $0.hasPrefix("and 3") && $0.hasSuffix("more connections, 0 of them not live") })
    }

    @Test("A pipe gets one line")
    func progress() {
        #expect(
            LiveTable.progress(Self.summary(connections: 2, books: 2))
                == "up 1m15s, connections 1/2, books 2/2, in 12.3k/s, out 900/s, lag 420us (max 3.0ms), "
                + "queue 17 (40.0KiB), nats connected, unconfirmed 0, dropped 0")
    }

    @Test("A new frame replaces the one before, also when it is shorter")
    func redraws() {
        var screen = LiveScreen()
        #expect(screen.frame(["a", "b"]) == "a\u{1b}[K\nb\u{1b}[K\n\u{1b}[J")
        #expect(screen.frame(["c"]) == "\u{1b}[2Fc\u{1b}[K\n\u{1b}[J")
        #expect(screen.frame([]) == "\u{1b}[1F\u{1b}[J")
    }
}
