package import MarketModel

/// What tells a row of the past from all others of its series: its place in it, wherever it was read.
///
/// Two sources of one row may differ in what they give beside, so that the numbers are no part of it as they are live.
package struct HistoryIdentity: Sendable {
    package let type: MessageType
    /// The length of its bars or periods; nil where rows come as they happen.
    package let interval: KlineInterval?

    package init(type: MessageType, interval: KlineInterval?) {
        self.type = type
        self.interval = interval
    }

    /// Whether live messages of the type may be the same rows: prices and open interest of a moment are none, and the ids of
    /// live quotes do not tell which they are.
    var isLiveToo: Bool {
        switch self.type {
        case .trade, .kline, .fundingRate, .lsrTopPosition, .lsrTopAccount, .lsrAllAccount, .volatilityIndex: true
        case .orderbook, .orderbookDelta, .bbo, .markPrice, .openInterest, .liquidation, .instrument, .gap, .status,
            .heartbeat:
            false
        }
    }

    /// What a row's place in its series goes by: its time, microseconds since 1970, of a quote what the venue counts it as;
    /// nil where it has none.
    static func place(of event: MarketEvent) -> Int64? {
        switch event {
        case .trade(let trade): trade.eventTime.microseconds
        // Several may have one time.
        case .bestBidOffer(let offer): offer.sequence == 0 ? nil : Int64(exactly: offer.sequence)
        case .kline(let bar): bar.openTime.microseconds
        case .fundingRate(let rate): rate.fundingTime.microseconds
        case .openInterest(let interest): interest.eventTime.microseconds
        case .longShortRatio(let ratio): ratio.eventTime.microseconds
        case .markPrice(let price): price.eventTime.microseconds
        case .volatilityIndex(let index): index.eventTime.microseconds
        case .depth, .orderBook, .orderBookDelta, .liquidation, .instrument, .status, .heartbeat: nil
        }
    }

    /// Reads the time of a row from what stands behind the subject in the id of a live message; nil for one that is no
    /// finished row of the series.
    func time(ofLive id: UnsafeRawBufferPointer) -> Int64? {
        let parts = Self.parts(id)
        guard parts.count >= 2 else { return nil }
        switch self.type {
        case .kline:
            guard parts.count >= 3, parts[0] == self.interval?.rawValue, ["closed", "confirmed"].contains(parts[2])
            else { return nil }
            return Int64(parts[1])
        case .fundingRate:
            // What was charged then; what is told earlier or later is a rate to come.
            return parts[0] == parts[1] ? Int64(parts[0]) : nil
        case .lsrTopPosition, .lsrTopAccount, .lsrAllAccount, .volatilityIndex:
            guard let length = self.interval?.microseconds, Int64(parts[0]) == length else { return nil }
            return Int64(parts[1])
        case .trade, .orderbook, .orderbookDelta, .bbo, .markPrice, .openInterest, .liquidation, .instrument, .gap,
            .status, .heartbeat:
            return nil
        }
    }

    /// Reads the place of a row from what stands behind the subject in the id of a message of the past.
    func place(ofHistory id: UnsafeRawBufferPointer) -> Int64? {
        let parts = Self.parts(id)
        guard let interval = self.interval else { return parts.count == 1 ? Int64(parts[0]) : nil }
        guard parts.count == (self.type == .kline ? 3 : 2), parts[0] == interval.rawValue else { return nil }
        return Int64(parts[1])
    }

    private static func parts(_ id: UnsafeRawBufferPointer) -> [String] {
        id.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: UnsafeRawBufferPointer(rebasing: $0), as: UTF8.self) }
    }
}

extension ByteWriter {
    /// Writes a row's id: of a trade as it is live, of the others `[<interval>:]<place>`, of a bar with `:closed` behind it.
    mutating func historyID(
        of event: MarketEvent, _ identity: HistoryIdentity, at place: Int64, id: UnsafeRawBufferPointer
    ) {
        if case .trade(let trade) = event {
            if !self.span(of: trade) { self.bytes(id) }
            return
        }
        if let interval = identity.interval {
            self.token(interval.rawValue)
            self.byte(UInt8(ascii: ":"))
        }
        self.decimal(place, scale: 0)
        if case .kline(let bar) = event { self.text(bar.isClosed ? ":closed" : ":open") }
    }
}
