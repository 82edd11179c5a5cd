import MarketModel

/// Reads the tables of Binance's archives: with a heading or without one, times of spot in microseconds since 2025.
struct BinanceArchiveDecoder: ArchiveDecoder {
    private let content: BinanceArchiveTable.Content
    private let section: BinanceSegment
    private let symbol: [UInt8]
    private let instrument: InstrumentID
    private var columns: ArchiveColumns
    private var scales = DecimalScales()

    init(_ table: BinanceArchiveTable, _ section: BinanceSegment, symbol: String, _ instrument: InstrumentID) {
        self.content = table.content
        self.section = section
        self.symbol = Array(symbol.utf8)
        self.instrument = instrument
        self.columns = ArchiveColumns(Self.columns(of: table.content))
    }

    mutating func setScales(_ scales: DecimalScales) { self.scales = scales }

    mutating func decode(
        _ line: Frame, isFirst: Bool, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: line.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: line.bytes.count
        ).span
        let row = CSVRow(bytes)
        let first = row[0]
        if isFirst, !first.isEmpty, bytes[first.lowerBound] &- 48 > 9 {
            try self.columns.take(heading: row)
            return
        }
        let received = line.receivedMicroseconds
        let event: MarketEvent =
            switch self.content {
            case .trades, .aggregates: .trade(try self.trade(row, received))
            case .quotes: .bestBidOffer(try self.quote(row, received))
            case .klines(let interval): .kline(try self.kline(row, interval, received))
            case .markPrices(let interval): .markPrice(try self.markPrice(row, interval, received))
            case .rates: .fundingRate(try self.rate(row, received))
            case .openInterest: .openInterest(try self.openInterest(row, received))
            case .ratio(let kind): .longShortRatio(try self.ratio(row, kind, received))
            }
        guard batch.append(event) else { throw .tooLarge }
    }

    // MARK: - Rows

    private func trade(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> Trade {
        let maker = try self.columns.place(4)
        let buyerIsMaker = row.isWord("true", at: maker)
        guard buyerIsMaker || row.isWord("false", at: maker) else { throw .missingField }
        let id = try self.columns.place(0)
        let sequence = try row.number(at: id)
        var trade = Trade(
            instrument: self.instrument, id: FrameText(offset: row[id].lowerBound, count: row[id].count),
            sequence: sequence,
            price: try row.mantissa(at: self.columns.place(1), .price, self.instrument, self.scales),
            size: try row.mantissa(at: self.columns.place(2), .size, self.instrument, self.scales),
            aggressor: buyerIsMaker ? .sell : .buy, isAggregate: self.content == .aggregates,
            eventTime: try row.time(at: self.columns.place(3)), sentTime: .none, receivedMicroseconds: received)
        trade.isBackfilled = true
        return trade
    }

    private func quote(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> BestBidOffer {
        let sequence = try row.number(at: self.columns.place(0))
        // What tells it from the others of its series.
        guard sequence > 0 else { throw .missingField }
        var offer = BestBidOffer(
            instrument: self.instrument, bid: try self.level(row, price: 1, size: 2),
            ask: try self.level(row, price: 3, size: 4), sequence: sequence,
            eventTime: try row.time(at: self.columns.place(5)), sentTime: try row.time(at: self.columns.place(6)),
            receivedMicroseconds: received)
        offer.isBackfilled = true
        return offer
    }

    private func level(_ row: borrowing CSVRow, price: Int, size: Int) throws(FrameRefusal) -> Level {
        Level(
            price: try row.mantissa(at: self.columns.place(price), .price, self.instrument, self.scales),
            size: try row.mantissa(at: self.columns.place(size), .size, self.instrument, self.scales))
    }

    private func kline(
        _ row: borrowing CSVRow, _ interval: KlineInterval, _ received: Int64
    ) throws(FrameRefusal) -> Kline {
        var bar = Kline(
            instrument: self.instrument, interval: interval, openTime: try row.time(at: self.columns.place(0)),
            receivedMicroseconds: received)
        bar.open = try row.text(at: self.columns.place(1))
        bar.high = try row.text(at: self.columns.place(2))
        bar.low = try row.text(at: self.columns.place(3))
        bar.close = try row.text(at: self.columns.place(4))
        let volume = try row.text(at: self.columns.place(5))
        let turnover = try row.text(at: self.columns.place(6))
        switch self.section.sizeUnit {
        case .contracts:
            bar.contractVolume = volume
            bar.baseVolume = turnover
        case .base, .quote:
            bar.baseVolume = volume
            bar.quoteVolume = turnover
        }
        bar.tradeCount = Int64(clamping: try row.number(at: self.columns.place(7)))
        bar.isClosed = true
        bar.isConfirmed = true
        bar.isBackfilled = true
        return bar
    }

    private func markPrice(
        _ row: borrowing CSVRow, _ interval: KlineInterval, _ received: Int64
    ) throws(FrameRefusal) -> MarkPrice {
        var bar = MarkPrice(
            instrument: self.instrument, mark: try row.value(at: self.columns.place(4), of: self.instrument),
            eventTime: try row.time(at: self.columns.place(0)), receivedMicroseconds: received)
        bar.open = try row.value(at: self.columns.place(1), of: self.instrument)
        bar.high = try row.value(at: self.columns.place(2), of: self.instrument)
        bar.low = try row.value(at: self.columns.place(3), of: self.instrument)
        bar.resolutionMicroseconds = interval.microseconds ?? 0
        return bar
    }

    /// The interval beside it is left out: a request does not tell it, and both are to say the same.
    private func rate(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> FundingRate {
        FundingRate(
            charged: try row.value(at: self.columns.place(1), of: self.instrument),
            at: try row.time(at: self.columns.place(0)), of: self.instrument, receivedMicroseconds: received)
    }

    private func openInterest(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> OpenInterest {
        let time = try self.figureTime(row)
        return OpenInterest(
            instrument: self.instrument, amount: try row.value(at: self.columns.place(2), of: self.instrument),
            eventTime: time, receivedMicroseconds: received)
    }

    private func ratio(
        _ row: borrowing CSVRow, _ kind: LongShortRatio.Kind, _ received: Int64
    ) throws(FrameRefusal) -> LongShortRatio {
        let time = try self.figureTime(row)
        return LongShortRatio(
            instrument: self.instrument, kind: kind,
            ratio: try row.value(at: self.columns.place(2), of: self.instrument),
            periodMicroseconds: 300_000_000, eventTime: time, receivedMicroseconds: received)
    }

    private func figureTime(_ row: borrowing CSVRow) throws(FrameRefusal) -> Timestamp {
        guard row.isText(self.symbol, at: try self.columns.place(1)) else { throw .mismatch }
        return try row.clock(at: self.columns.place(0))
    }

    // MARK: - Columns

    private static func columns(of content: BinanceArchiveTable.Content) -> [ArchiveColumns.Column] {
        switch content {
        case .trades:
            [
                .init("id", "trade_id", at: 0), .init("price", at: 1), .init("qty", "quantity", at: 2),
                .init("time", at: 4), .init("is_buyer_maker", at: 5),
            ]
        case .aggregates:
            [
                .init("agg_trade_id", at: 0), .init("price", at: 1), .init("quantity", "qty", at: 2),
                .init("transact_time", "timestamp", at: 5), .init("is_buyer_maker", at: 6),
            ]
        // https://github.com/binance/binance-public-data/issues/305, 2024-01-16, names them all.
        case .quotes:
            [
                .init("update_id", at: 0), .init("best_bid_price", at: 1), .init("best_bid_qty", at: 2),
                .init("best_ask_price", at: 3), .init("best_ask_qty", at: 4), .init("transaction_time", at: 5),
                .init("event_time", at: 6),
            ]
        case .klines:
            [
                .init("open_time", at: 0), .init("open", at: 1), .init("high", at: 2), .init("low", at: 3),
                .init("close", at: 4), .init("volume", at: 5),
                .init("quote_volume", "quote_asset_volume", "base_volume", "base_asset_volume", at: 7),
                .init("count", "number_of_trades", at: 8),
            ]
        case .markPrices:
            [
                .init("open_time", at: 0), .init("open", at: 1), .init("high", at: 2), .init("low", at: 3),
                .init("close", at: 4),
            ]
        case .rates:
            [.init("calc_time", at: 0), .init("last_funding_rate", at: 2)]
        case .openInterest:
            Self.figure("sum_open_interest", at: 2)
        // The sum of positions, and the count of accounts.
        case .ratio(.topPosition):
            Self.figure("sum_toptrader_long_short_ratio", at: 5)
        case .ratio(.topAccount):
            Self.figure("count_toptrader_long_short_ratio", at: 4)
        case .ratio(.allAccount):
            Self.figure("count_long_short_ratio", at: 6)
        }
    }

    private static func figure(_ name: StaticString, at place: Int) -> [ArchiveColumns.Column] {
        [.init("create_time", at: 0), .init("symbol", at: 1), .init(name, at: place)]
    }
}
