import Backfill
import MarketModel
import Publishing

/// Puts rows of the past into lines: `docs/history-files.md` has the columns of each type.
struct HistoryLines {
    /// Why a row has no line.
    struct Refusal: Error {
        let text: String
    }

    /// What a line takes beside its texts: at most eighteen fields with names of at most 16 bytes and numbers.
    private static let fixedBytesMax = 18 * (FixedPoint.textBytesMax + 24)

    let format: HistoryFileFormat
    let unit: SizeUnit
    /// Of the lines that were written since it was last emptied.
    private(set) var bytes: [UInt8] = []

    init(_ format: HistoryFileFormat, unit: SizeUnit) {
        self.format = format
        self.unit = unit
    }

    mutating func removeAll() { self.bytes.removeAll(keepingCapacity: true) }

    /// Appends the line that names the columns; nothing in a format whose lines name them.
    mutating func appendHeading(for row: HistoryRow, of page: HistoryPage) throws(Refusal) {
        if self.format == .csv { try self.append(row, of: page, as: .names) }
    }

    mutating func append(_ row: HistoryRow, of page: HistoryPage) throws(Refusal) {
        try self.append(row, of: page, as: self.format == .csv ? .values : .object)
    }

    private mutating func append(
        _ row: HistoryRow, of page: HistoryPage, as style: HistoryLineWriter.Style
    ) throws(Refusal) {
        switch row {
        case .trade(let trade): try self.append(trade, page, style)
        case .bestBidOffer(let offer): self.line(style) { [unit] in Self.fill(&$0, offer, page.scales, unit) }
        case .kline(let bar): try self.append(bar, page, style)
        case .fundingRate(let rate): self.line(style) { Self.fill(&$0, rate) }
        case .openInterest(let interest): self.line(style) { [unit] in Self.fill(&$0, interest, unit) }
        case .longShortRatio(let ratio): self.line(style) { Self.fill(&$0, ratio) }
        case .markPrice(let price): self.line(style) { Self.fill(&$0, price) }
        case .volatilityIndex(let index): self.line(style) { Self.fill(&$0, index) }
        }
    }

    // MARK: - Rows

    private mutating func append(
        _ trade: Trade, _ page: HistoryPage, _ style: HistoryLineWriter.Style
    ) throws(Refusal) {
        guard let range = Self.range(trade.id, in: page.bytes), page.bytes[range].allSatisfy(Self.isPlain) else {
            throw Refusal(text: "a trade's id is no plain text")
        }
        self.line(style, texts: range.count) { [unit] line in
            line.integer("event_us", trade.eventTime.microseconds)
            page.bytes.withUnsafeBytes { line.bytes("id", UnsafeRawBufferPointer(rebasing: $0[range])) }
            line.count("first_sequence", trade.sequence == 0 ? 0 : trade.firstSequence)
            line.count("sequence", trade.sequence)
            line.decimal("price", trade.price, scale: page.scales.price)
            line.decimal("size", trade.size, scale: page.scales.size)
            line.word("unit", unit.rawValue)
            line.word("side", trade.aggressor == .buy ? "buy" : "sell")
            line.flag("aggregated", trade.isAggregate)
        }
    }

    private mutating func append(_ bar: Kline, _ page: HistoryPage, _ style: HistoryLineWriter.Style) throws(Refusal) {
        let frame = page.bytes.span
        guard let numbers = KlineNumbers(bar, in: frame) else { throw Refusal(text: "a bar's numbers are missing") }
        self.line(style, texts: numbers.textBytesMax) { line in
            let frame = page.bytes.span
            line.integer("open_us", bar.openTime.microseconds)
            line.word("interval", bar.interval.rawValue)
            line.decimal("open", numbers.open, of: frame)
            line.decimal("high", numbers.high, of: frame)
            line.decimal("low", numbers.low, of: frame)
            line.decimal("close", numbers.close, of: frame)
            line.decimal("base_volume", numbers.baseVolume, of: frame)
            line.decimal("quote_volume", numbers.quoteVolume, of: frame)
            line.decimal("contract_volume", numbers.contractVolume, of: frame)
            line.integer("trade_count", bar.tradeCount >= 0 ? bar.tradeCount : nil)
            line.flag("closed", bar.isClosed)
        }
    }

    private static func fill(
        _ line: inout HistoryLineWriter, _ offer: BestBidOffer, _ scales: DecimalScales, _ unit: SizeUnit
    ) {
        // As in messages: a side without a size is empty.
        func side(_ level: Level, _ price: StaticString, _ size: StaticString) {
            let isGiven = level.size != 0
            line.decimal(price, isGiven ? level.price : nil, scale: scales.price)
            line.decimal(size, isGiven ? level.size : nil, scale: scales.size)
        }
        line.integer("event_us", offer.eventTime.microseconds)
        line.integer("venue_sent_us", offer.sentTime.microseconds)
        line.count("venue_sequence", offer.sequence)
        side(offer.bid, "bid", "bid_size")
        side(offer.ask, "ask", "ask_size")
        line.word("unit", unit.rawValue)
    }

    private static func fill(_ line: inout HistoryLineWriter, _ rate: FundingRate) {
        line.integer("funding_us", rate.fundingTime.microseconds)
        line.decimal("rate", rate.rate)
        line.decimal("settled_rate", rate.settledRate)
        line.word("accrual", rate.accrual == .periodic ? "periodic" : "continuous")
        line.integer("interval_us", Self.length(rate.intervalMicroseconds))
    }

    private static func fill(_ line: inout HistoryLineWriter, _ interest: OpenInterest, _ unit: SizeUnit) {
        line.integer("event_us", interest.eventTime.microseconds)
        line.decimal("amount", interest.amount)
        line.word("unit", unit.rawValue)
        line.decimal("base_amount", interest.baseAmount)
        line.decimal("value_usd", interest.valueUSD)
    }

    private static func fill(_ line: inout HistoryLineWriter, _ ratio: LongShortRatio) {
        line.integer("event_us", ratio.eventTime.microseconds)
        line.decimal("ratio", ratio.ratio)
        line.decimal("long", ratio.long)
        line.decimal("short", ratio.short)
        line.integer("period_us", Self.length(ratio.periodMicroseconds))
    }

    private static func fill(_ line: inout HistoryLineWriter, _ price: MarkPrice) {
        line.integer("event_us", price.eventTime.microseconds)
        line.decimal("open", price.open)
        line.decimal("high", price.high)
        line.decimal("low", price.low)
        line.decimal("mark", price.mark)
        line.decimal("index", price.index)
        line.integer("resolution_us", Self.length(price.resolutionMicroseconds))
    }

    private static func fill(_ line: inout HistoryLineWriter, _ index: VolatilityIndex) {
        line.integer("event_us", index.eventTime.microseconds)
        line.decimal("open", index.open)
        line.decimal("high", index.high)
        line.decimal("low", index.low)
        line.decimal("close", index.close)
        line.integer("resolution_us", Self.length(index.resolutionMicroseconds))
    }

    // MARK: - Parts

    private mutating func line(
        _ style: HistoryLineWriter.Style, texts: Int = 0, _ fill: (inout HistoryLineWriter) -> Void
    ) {
        withUnsafeTemporaryAllocation(byteCount: Self.fixedBytesMax + texts, alignment: 1) { memory in
            var line = HistoryLineWriter(style, memory)
            fill(&line)
            let count = line.end()
            self.bytes.append(contentsOf: UnsafeRawBufferPointer(memory)[..<count])
        }
    }

    private static func length(_ microseconds: Int64) -> Int64? { microseconds > 0 ? microseconds : nil }

    /// Where a text stands; nil where it does not.
    private static func range(_ text: FrameText, in bytes: [UInt8]) -> Range<Int>? {
        let (start, count) = (Int(text.offset), Int(text.count))
        guard start >= 0, count >= 0, start + count <= bytes.count else { return nil }
        return start..<start + count
    }

    /// Whether a byte needs no quotes in either format.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")
            && byte != UInt8(ascii: "\\")
    }
}
