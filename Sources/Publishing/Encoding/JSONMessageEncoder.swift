package import MarketModel

/// Schema version 1 in JSON: `docs/schema/`.
package struct JSONMessageEncoder: MessageEncoder {
    package init() {}

    package var fixedBytesMax: Int { 640 }

    package func prefix(
        _ type: MessageType, of instrument: Instrument?, instance: String, boot: String
    ) -> String {
        Self.prefix(type, of: instrument.map(GapSubject.init), instance: instance, boot: boot)
    }

    package func prefix(_ gap: GapSubject, instance: String, boot: String) -> String {
        Self.prefix(.gap, of: gap, instance: instance, boot: boot)
    }

    private static func prefix(
        _ type: MessageType, of subject: GapSubject?, instance: String, boot: String
    ) -> String {
        var out = "{\"v\":1"
        func add(_ key: StaticString, _ value: String) {
            out += ",\"\(key)\":"
            out += value
        }
        add("type", JSONLiteral.string("\(type.token)"))
        add("venue", JSONLiteral.optional(subject?.venue))
        add("market", JSONLiteral.optional(subject?.market))
        add("symbol", JSONLiteral.optional(subject?.symbol))
        add("venue_symbol", JSONLiteral.optional(subject?.venueSymbol))
        add("instance", JSONLiteral.string(instance))
        add("boot", JSONLiteral.string(boot))
        out += ",\"n\":"
        return out
    }

    @inline(__always)
    package func encode(
        _ trade: Trade, id: UnsafeRawBufferPointer, number: UInt64, unit: SizeUnit, scales: DecimalScales,
        to writer: inout ByteWriter
    ) {
        Self.times(number, trade.eventTime, trade.sentTime, trade.receivedMicroseconds, &writer)
        writer.text(",\"id\":\"")
        writer.bytes(id)
        writer.text("\",\"first_sequence\":")
        Self.sequence(trade.sequence == 0 ? 0 : trade.firstSequence, &writer)
        writer.text(",\"sequence\":")
        Self.sequence(trade.sequence, &writer)
        writer.text(",\"price\":")
        writer.quoted(trade.price, scale: scales.price)
        writer.text(",\"size\":")
        writer.quoted(trade.size, scale: scales.size)
        Self.unit(unit, &writer)
        writer.text(trade.aggressor == .buy ? ",\"side\":\"buy\"" : ",\"side\":\"sell\"")
        writer.text(trade.isAggregate ? ",\"aggregated\":true" : ",\"aggregated\":false")
        writer.text(trade.isBackfilled ? ",\"backfilled\":true}" : ",\"backfilled\":false}")
    }

    @inline(__always)
    package func encode(
        _ offer: BestBidOffer, number: UInt64, unit: SizeUnit, scales: DecimalScales, to writer: inout ByteWriter
    ) {
        Self.times(number, offer.eventTime, offer.sentTime, offer.receivedMicroseconds, &writer)
        writer.text(",\"bid\":")
        Self.side(offer.bid, scales, "bid_size", &writer)
        writer.text(",\"ask\":")
        Self.side(offer.ask, scales, "ask_size", &writer)
        Self.unit(unit, &writer)
        writer.text(",\"venue_sequence\":")
        Self.sequence(offer.sequence, &writer)
        writer.text(offer.isBackfilled ? ",\"backfilled\":true}" : ",\"backfilled\":false}")
    }

    @inline(__always)
    package func encode(
        _ view: OrderBookView, levels: borrowing LevelBuffer, number: UInt64, book: BookEncoding,
        to writer: inout ByteWriter
    ) {
        let head = view.head
        Self.times(number, head.eventTime, head.sentTime, head.receivedMicroseconds, &writer)
        Self.chain(head, book, &writer)
        writer.text(",\"sequence\":")
        writer.unsigned(head.sequence)
        writer.text(",\"venue_sequence\":")
        Self.sequence(head.venueSequence, &writer)
        writer.text(",\"state\":\"")
        writer.text(Self.name(view.state))
        writer.byte(UInt8(ascii: "\""))
        Self.depth(head, book, &writer)
        writer.text(",\"bid_trusted_to\":")
        Self.trusted(view.bidTrustedTo, book.scales, &writer)
        writer.text(",\"ask_trusted_to\":")
        Self.trusted(view.askTrustedTo, book.scales, &writer)
        Self.sides(view.bids, view.asks, levels, book, &writer)
    }

    @inline(__always)
    package func encode(
        _ delta: OrderBookDelta, levels: borrowing LevelBuffer, number: UInt64, book: BookEncoding,
        to writer: inout ByteWriter
    ) {
        let head = delta.head
        Self.times(number, head.eventTime, head.sentTime, head.receivedMicroseconds, &writer)
        Self.chain(head, book, &writer)
        writer.text(",\"previous_sequence\":")
        writer.unsigned(delta.previousSequence)
        writer.text(",\"sequence\":")
        writer.unsigned(head.sequence)
        writer.text(",\"venue_sequence\":")
        Self.sequence(head.venueSequence, &writer)
        Self.depth(head, book, &writer)
        Self.sides(delta.bids, delta.asks, levels, book, &writer)
    }

    // MARK: - Parts

    @inline(__always)
    static func times(
        _ number: UInt64, _ event: Timestamp, _ sent: Timestamp, _ received: Int64, _ writer: inout ByteWriter
    ) {
        writer.unsigned(number)
        writer.text(",\"event_us\":")
        writer.time(event)
        writer.text(",\"venue_sent_us\":")
        writer.time(sent)
        writer.text(",\"received_us\":")
        writer.decimal(received, scale: 0)
    }

    @inline(__always)
    static func unit(_ unit: SizeUnit, _ writer: inout ByteWriter) {
        switch unit {
        case .base: writer.text(",\"unit\":\"base\"")
        case .quote: writer.text(",\"unit\":\"quote\"")
        case .contracts: writer.text(",\"unit\":\"contracts\"")
        }
    }

    @inline(__always)
    private static func sequence(_ sequence: UInt64, _ writer: inout ByteWriter) {
        guard sequence != 0 else {
            writer.text("null")
            return
        }
        writer.byte(UInt8(ascii: "\""))
        writer.unsigned(sequence)
        writer.byte(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func chain(_ head: BookHead, _ book: BookEncoding, _ writer: inout ByteWriter) {
        writer.text(",\"chain\":\"")
        writer.bytes(book.boot)
        writer.byte(UInt8(ascii: "."))
        writer.unsigned(UInt64(head.reseeds))
        writer.byte(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func depth(_ head: BookHead, _ book: BookEncoding, _ writer: inout ByteWriter) {
        writer.text(",\"depth\":")
        writer.unsigned(UInt64(book.depth))
        writer.text(",\"trusted_depth\":")
        writer.unsigned(UInt64(max(0, head.trustedDepth)))
    }

    @inline(__always)
    private static func sides(
        _ bids: LevelBuffer.Run, _ asks: LevelBuffer.Run, _ levels: borrowing LevelBuffer, _ book: BookEncoding,
        _ writer: inout ByteWriter
    ) {
        Self.unit(book.unit, &writer)
        writer.text(",\"bids\":")
        levels.withLevels(bids) { writer.levels($0, book.scales) }
        writer.text(",\"asks\":")
        levels.withLevels(asks) { writer.levels($0, book.scales) }
        writer.byte(UInt8(ascii: "}"))
    }

    private static func side(
        _ level: Level, _ scales: DecimalScales, _ sizeKey: StaticString, _ writer: inout ByteWriter
    ) {
        guard level.size != 0 else {
            writer.text("null,\"")
            writer.text(sizeKey)
            writer.text("\":null")
            return
        }
        writer.quoted(level.price, scale: scales.price)
        writer.text(",\"")
        writer.text(sizeKey)
        writer.text("\":")
        writer.quoted(level.size, scale: scales.size)
    }

    private static func trusted(
        _ boundary: OrderBookView.TrustedTo, _ scales: DecimalScales, _ writer: inout ByteWriter
    ) {
        switch boundary {
        case .everything: writer.text("null")
        case .price(let price): writer.quoted(price, scale: scales.price)
        }
    }

    private static func name(_ state: BookState) -> StaticString {
        switch state {
        case .waiting: "waiting"
        case .seeded: "seeded"
        case .live: "live"
        case .refreshing: "refreshing"
        case .broken: "broken"
        case .stopped: "stopped"
        }
    }
}
