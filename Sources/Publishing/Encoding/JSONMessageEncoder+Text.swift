package import MarketModel

extension JSONMessageEncoder {
    package func text(_ instrument: Instrument, number: UInt64, received: Timestamp) -> String {
        var out = ObjectTail(number, received: received.microseconds)
        out.add("status", text: instrument.status.rawValue)
        out.add("venue_status", text: instrument.venueStatus)
        out.add("base", text: instrument.base)
        out.add("quote", text: instrument.quote)
        out.add("settle", text: instrument.settle)
        out.add("contract", text: instrument.contract.rawValue)
        out.add("contract_size", text: instrument.contractSize)
        out.add("contract_size_unit", text: instrument.contractSizeUnit?.rawValue)
        out.add("unit", text: instrument.unit.rawValue)
        out.add("tick_size", text: instrument.tickSize)
        out.add("lot_size", text: instrument.lotSize)
        out.add("min_size", text: instrument.minSize)
        out.add("min_notional", text: instrument.minNotional)
        out.add("listed_us", raw: JSONLiteral.integer(instrument.listedMicroseconds))
        out.add("expires_us", raw: JSONLiteral.integer(instrument.expiresMicroseconds))
        out.add("strike", text: instrument.strike)
        out.add("option_type", text: instrument.optionType?.rawValue)
        return out.closed
    }

    package func text(_ change: StatusChange, name: String, number: UInt64) -> String {
        let scope =
            switch change.source {
            case .connection: "connection"
            case .book: "book"
            case .service: "service"
            }
        var out = ObjectTail(number, received: change.microseconds)
        out.add("scope", text: scope)
        out.add("name", text: name)
        out.add("state", text: change.state.rawValue)
        out.add("previous", text: change.previous?.rawValue)
        out.add("reason", text: change.reason == .none ? nil : change.reason.rawValue)
        return out.closed
    }

    package func text(_ heartbeat: Heartbeat, number: UInt64) -> String {
        var counts = "{"
        let terms: [(StaticString, UInt64)] = [
            ("produced", heartbeat.produced), ("confirmed", heartbeat.confirmed), ("conflated", heartbeat.conflated),
            ("dropped", heartbeat.dropped), ("unconfirmed", heartbeat.unconfirmed), ("queued", heartbeat.queued),
            ("in_flight", heartbeat.inFlight), ("spooled", heartbeat.spooled),
        ]
        for (index, term) in terms.enumerated() {
            if index > 0 { counts += "," }
            counts += "\"\(term.0)\":\(term.1)"
        }
        counts += "}"
        var out = ObjectTail(number, received: heartbeat.microseconds)
        out.add("uptime_us", raw: String(heartbeat.uptimeMicroseconds))
        out.add("period_us", raw: String(heartbeat.periodMicroseconds))
        out.add("counts", raw: counts)
        out.add("books_live", raw: String(heartbeat.booksLive))
        out.add("audits_compared", raw: String(heartbeat.auditsCompared))
        out.add("audits_mismatched", raw: String(heartbeat.auditsMismatched))
        out.add("resident_bytes", raw: String(heartbeat.residentBytes))
        return out.closed
    }

    package func text(_ gap: GapEntry, number: UInt64) -> String {
        var out = ObjectTail(number, received: gap.receivedMicroseconds)
        out.add("id", text: gap.id)
        out.add("of", text: "\(gap.of.token)")
        out.add("cause", text: gap.cause.rawValue)
        out.add("numbering", text: gap.range?.numbering.rawValue)
        out.add("from", text: gap.range?.from)
        out.add("to", text: gap.range?.to)
        out.add("from_us", raw: String(gap.fromMicroseconds))
        out.add("to_us", raw: JSONLiteral.integer(gap.toMicroseconds))
        out.add("missing", raw: gap.missing.map { String($0) } ?? "null")
        out.add("repaired", raw: String(gap.repaired))
        out.add("still_missing", raw: gap.stillMissing.map { String($0) } ?? "null")
        out.add("closed", raw: gap.isClosed ? "true" : "false")
        return out.closed
    }
}

/// What follows a message's prefix, as text.
private struct ObjectTail {
    private var out: String

    init(_ number: UInt64, received: Int64?) {
        self.out = String(number)
        self.add("event_us", raw: "null")
        self.add("venue_sent_us", raw: "null")
        self.add("received_us", raw: JSONLiteral.integer(received))
    }

    mutating func add(_ key: StaticString, raw: String) {
        self.out += ",\"\(key)\":"
        self.out += raw
    }

    mutating func add(_ key: StaticString, text: String?) {
        self.add(key, raw: JSONLiteral.optional(text))
    }

    var closed: String { self.out + "}" }
}
