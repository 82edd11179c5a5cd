import MarketModel

/// Reads the tables of OKX's archives, which may hold other instruments of the family beside the wanted one.
///
/// Headings had a second language behind the first before 2023.
struct OKXArchiveDecoder: ArchiveDecoder {
    private let kind: HistoryKind
    private let section: OKXSegment
    private let symbol: [UInt8]
    private let instrument: InstrumentID
    private var columns: ArchiveColumns
    private var scales = DecimalScales()

    init(_ kind: HistoryKind, _ section: OKXSegment, symbol: String, _ instrument: InstrumentID) {
        self.kind = kind
        self.section = section
        self.symbol = Array(symbol.utf8)
        self.instrument = instrument
        self.columns = ArchiveColumns(Self.columns(of: kind))
    }

    mutating func setScales(_ scales: DecimalScales) { self.scales = scales }

    mutating func decode(
        _ line: Frame, isFirst: Bool, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: line.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: line.bytes.count
        ).span
        let row = CSVRow(bytes)
        if isFirst, row.place(of: ["instrument_name"]) != nil {
            try self.columns.take(heading: row)
            return
        }
        let name = try self.columns.place(0)
        guard !row[name].isEmpty else { throw .missingField }
        guard row.isText(self.symbol, at: name) else { throw .mismatch }
        let received = line.receivedMicroseconds
        let event: MarketEvent
        switch self.kind {
        case .trade:
            event = .trade(try self.trade(row, received))
        case .kline(let interval):
            guard let bar = try self.kline(row, interval, received) else { return }
            event = .kline(bar)
        case .fundingRate:
            event = .fundingRate(try self.rate(row, received))
        case .bbo, .openInterest, .ratio, .markPrice, .volatilityIndex:
            throw .unknownEvent
        }
        guard batch.append(event) else { throw .tooLarge }
    }

    // MARK: - Rows

    private func trade(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> Trade {
        let id = try self.columns.place(1)
        let side = try self.columns.place(2)
        let isBuy = row.isWord("buy", at: side)
        guard isBuy || row.isWord("sell", at: side) else { throw .missingField }
        var trade = Trade(
            instrument: self.instrument, id: FrameText(offset: row[id].lowerBound, count: row[id].count),
            sequence: try row.number(at: id),
            price: try row.mantissa(at: self.columns.place(3), .price, self.instrument, self.scales),
            size: try row.mantissa(at: self.columns.place(4), .size, self.instrument, self.scales),
            aggressor: isBuy ? .buy : .sell, isAggregate: false, eventTime: try row.time(at: self.columns.place(5)),
            sentTime: .none, receivedMicroseconds: received)
        trade.isBackfilled = true
        return trade
    }

    /// Gives nothing for a bar that was not final.
    private func kline(
        _ row: borrowing CSVRow, _ interval: KlineInterval, _ received: Int64
    ) throws(FrameRefusal) -> Kline? {
        let isSpot = self.section == .spot
        let confirm = try self.columns.place(9)
        let isClosed = row.isText(CollectionOfOne(UInt8(ascii: "1")), at: confirm)
        guard isClosed || row.isText(CollectionOfOne(UInt8(ascii: "0")), at: confirm) else { throw .missingField }
        guard isClosed else { return nil }
        var bar = Kline(
            instrument: self.instrument, interval: interval, openTime: try row.time(at: self.columns.place(8)),
            receivedMicroseconds: received)
        bar.open = try row.text(at: self.columns.place(1))
        bar.high = try row.text(at: self.columns.place(2))
        bar.low = try row.text(at: self.columns.place(3))
        bar.close = try row.text(at: self.columns.place(4))
        bar.baseVolume = try row.text(at: self.columns.place(isSpot ? 5 : 6))
        bar.quoteVolume = try row.text(at: self.columns.place(7))
        if !isSpot { bar.contractVolume = try row.text(at: self.columns.place(5)) }
        bar.isClosed = true
        bar.isConfirmed = true
        bar.isBackfilled = true
        return bar
    }

    private func rate(_ row: borrowing CSVRow, _ received: Int64) throws(FrameRefusal) -> FundingRate {
        // Where both stand, the one that was charged beside the one that had been predicted.
        let charged = try self.columns.place(3)
        let place = charged >= 0 ? charged : try self.columns.place(1)
        return FundingRate(
            charged: try row.value(at: place, of: self.instrument), at: try row.time(at: self.columns.place(2)),
            of: self.instrument, receivedMicroseconds: received)
    }

    private static func columns(of kind: HistoryKind) -> [ArchiveColumns.Column] {
        switch kind {
        case .trade:
            [
                .init("instrument_name", at: 0), .init("trade_id", at: 1), .init("side", at: 2), .init("price", at: 3),
                .init("size", at: 4), .init("created_time", at: 5),
            ]
        case .kline:
            [
                .init("instrument_name", at: 0), .init("open", at: 1), .init("high", at: 2), .init("low", at: 3),
                .init("close", at: 4), .init("vol", at: 5), .init("vol_ccy", at: 6), .init("vol_quote", at: 7),
                .init("open_time", at: 8), .init("confirm", at: 9),
            ]
        case .bbo, .fundingRate, .openInterest, .ratio, .markPrice, .volatilityIndex:
            [
                .init("instrument_name", at: 0), .init("funding_rate", at: 1), .init("funding_time", at: 2),
                .init("real_funding_rate", at: nil),
            ]
        }
    }
}
