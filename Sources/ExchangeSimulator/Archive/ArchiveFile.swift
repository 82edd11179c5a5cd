internal import Transport

/// A file of rows that a venue has for download, as its path names it.
struct ArchiveFile: Equatable {
    enum Table: Equatable {
        case trades, aggregateTrades, quotes
        case bars(BarGrid)
        case markBars(BarGrid)
        case fundingRates, metrics
    }

    /// What paths of all hosts begin with.
    static let root = "/archive"

    let segment: MarketSegment
    let symbol: String
    let table: Table
    /// Rows from here and before there, milliseconds.
    let from: Int64
    let to: Int64
    /// When it is there.
    let availableAt: Int64
    /// Without its ending.
    let name: String
    /// Whether its SHA-256 is asked for.
    let isChecksum: Bool

    /// Reads a path behind the root; `nil` where the venue has no file of this name.
    init?(_ path: some StringProtocol, settings: PastSettings) {
        let isChecksum = path.hasSuffix(".zip.CHECKSUM")
        guard isChecksum || path.hasSuffix(".zip") else { return nil }
        let parts = String(path).dropLast(isChecksum ? 13 : 4).split(separator: "/").map(String.init)
        switch parts.first {
        case "data": self.init(binance: parts, isChecksum: isChecksum, settings: settings)
        case "cdn": self.init(okx: parts, isChecksum: isChecksum)
        default: return nil
        }
    }

    private init(
        _ segment: MarketSegment, _ symbol: String, _ table: Table, _ range: (from: Int64, to: Int64),
        availableAt: Int64, name: String, isChecksum: Bool = false
    ) {
        self.segment = segment
        self.symbol = symbol
        self.table = table
        self.from = range.from
        self.to = range.to
        self.availableAt = availableAt
        self.name = name
        self.isChecksum = isChecksum
    }

    // MARK: Binance

    /// `data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-11-01`; spot has no `futures`.
    private init?(binance parts: [String], isChecksum: Bool, settings: PastSettings) {
        var rest = parts.dropFirst()
        let segment: MarketSegment
        switch rest.popFirst() {
        case "spot": segment = .spot
        case "futures":
            guard let family = rest.popFirst(), family == "um" || family == "cm" else { return nil }
            segment = family == "um" ? .usdm : .coinm
        default: return nil
        }
        guard let span = rest.popFirst(), span == "daily" || span == "monthly", let type = rest.popFirst(),
            let symbol = rest.popFirst()
        else { return nil }
        let isBar = type == "klines" || type == "markPriceKlines"
        let label = isBar ? rest.popFirst() ?? "" : type
        guard let table = Self.binanceTable(type, label, segment, isMonth: span == "monthly"),
            let name = rest.popFirst(),
            rest.isEmpty, name.hasPrefix("\(symbol)-\(label)-"),
            let range = Self.range(
                String(name.dropFirst(symbol.count + label.count + 2)), isMonth: span == "monthly", offset: 0)
        else { return nil }
        let availableAt =
            span == "monthly"
            ? Self.firstMonday(from: range.to) : range.to + settings.archiveDelay.wholeMicroseconds / 1000
        self.init(segment, symbol, table, range, availableAt: availableAt, name: name, isChecksum: isChecksum)
    }

    private static func binanceTable(
        _ type: String, _ label: String, _ segment: MarketSegment, isMonth: Bool
    ) -> Table? {
        switch type {
        case "trades": return .trades
        case "aggTrades": return .aggregateTrades
        case "bookTicker" where segment.isFutures: return .quotes
        case "klines":
            guard label != "1s" || segment == .spot, label != "1M" else { return nil }
            return StreamName.grid(label == "1mo" ? "1M" : label).map { .bars($0) }
        case "markPriceKlines" where segment.isFutures && label != "1s" && label != "1M":
            return StreamName.grid(label == "1mo" ? "1M" : label).map { .markBars($0) }
        case "fundingRate" where segment.isFutures && isMonth: return .fundingRates
        case "metrics" where segment.isFutures && !isMonth: return .metrics
        default: return nil
        }
    }

    private static func firstMonday(from time: Int64) -> Int64 {
        let start = BarGrid.weeks().start(of: time)
        return start == time ? start : start + 7 * PastMarket.day
    }

    // MARK: OKX

    /// How far OKX's days begin before those of UTC.
    static let okxOffset: Int64 = -8 * 3_600_000

    /// Names of the tables in paths and in files, and the number that the list knows them by.
    private static let okxTables: [(folder: String, label: String, module: String)] = [
        ("trades", "trades", "1"), ("candlesticks", "candlesticks", "2"), ("swaprates", "fundingrates", "3"),
    ]

    /// `cdn/okex/traderecords/trades/daily/20261101/BTC-USDT-SWAP-trades-2026-11-01`.
    private init?(okx parts: [String], isChecksum: Bool) {
        guard !isChecksum, parts.count == 7, parts[1] == "okex", parts[2] == "traderecords",
            let table = Self.okxTables.first(where: { $0.folder == parts[3] }),
            parts[4] == "daily" || parts[4] == "monthly"
        else { return nil }
        let isMonth = parts[4] == "monthly"
        let date = String(parts[6].suffix(isMonth ? 7 : 10))
        let label = "-\(table.label)-\(date)"
        guard parts[6].hasSuffix(label), parts[5] == date.filter({ $0 != "-" }) else { return nil }
        self.init(okx: String(parts[6].dropLast(label.count)), module: table.module, date: date, isMonth: isMonth)
    }

    /// The file of an instrument and a date, `2026-11-01` or `2026-11`, by the number of its table.
    init?(okx symbol: String, module: String, date: String, isMonth: Bool) {
        guard let names = Self.okxTables.first(where: { $0.module == module }),
            let range = Self.range(date, isMonth: isMonth, offset: Self.okxOffset)
        else { return nil }
        let segment = OKXTopics.segment(of: symbol)
        let table: Table = module == "1" ? .trades : module == "2" ? .bars(.every(60_000)) : .fundingRates
        guard module != "3" || segment == .okxSwap else { return nil }
        // Listed two days later.
        self.init(
            segment, symbol, table, range, availableAt: range.to + PastMarket.day,
            name: "\(symbol)-\(names.label)-\(date)")
    }

    /// Where OKX has it.
    static func okxPath(_ name: String, module: String, date: String, isMonth: Bool) -> String {
        let folder = Self.okxTables.first { $0.module == module }?.folder ?? ""
        let digits = date.filter { $0 != "-" }
        return "\(Self.root)/cdn/okex/traderecords/\(folder)/\(isMonth ? "monthly" : "daily")/\(digits)/\(name).zip"
    }

    // MARK: Dates

    /// What a date such as `2026-11-01`, or `2026-11` of a month, spans.
    private static func range(_ date: String, isMonth: Bool, offset: Int64) -> (from: Int64, to: Int64)? {
        let parts = date.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == (isMonth ? 2 : 3), parts[0].utf8.count == 4,
            parts.dropFirst().allSatisfy({ $0.utf8.count == 2 })
        else { return nil }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, (1970...2100).contains(numbers[0]), (1...12).contains(numbers[1]) else {
            return nil
        }
        let day = isMonth ? 1 : numbers[2]
        let start = ExpiryDate.days(numbers[0], numbers[1], day) * PastMarket.day
        // The thirty-first of a shorter month is no date.
        guard ExpiryDate.civil(start / PastMarket.day) == (numbers[0], numbers[1], day) else { return nil }
        let end = isMonth ? BarGrid.month.next(start) : start + PastMarket.day
        return (start + offset, end + offset)
    }

    /// `2026-11-01`.
    static func date(_ time: Int64) -> String {
        let (year, month, day) = ExpiryDate.civil(time / PastMarket.day)
        return "\(year)-\(Self.two(month))-\(Self.two(day))"
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
