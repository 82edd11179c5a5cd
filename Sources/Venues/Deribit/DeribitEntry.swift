import MarketModel

/// An entry of a list: its plain members as text, numbers in the venue's own digits.
struct DeribitEntry {
    enum Reading {
        case taken(Instrument)
        /// Of another section.
        case passedOver
        case refused
    }

    private var members: [String: String] = [:]
    /// The smallest of `tick_size_steps`.
    private var leastStep: DecimalValue?

    /// Passes a value; nil for one that is no object.
    init?(_ reader: inout JSONReader) throws(JSONError) {
        guard try reader.peek() == UInt8(ascii: "{") else {
            try reader.skipValue()
            return nil
        }
        var isMember = try reader.beginObject()
        while isMember {
            let key = Self.text(reader.bytes, try reader.key())
            switch try reader.peek() {
            case UInt8(ascii: "\""): self.members[key] = Self.text(reader.bytes, try reader.string())
            case UInt8(ascii: "[") where key == "tick_size_steps": try self.readSteps(&reader)
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "n"): try reader.skipValue()
            default:
                let start = reader.index
                try reader.skipScalar()
                self.members[key] = Self.text(reader.bytes, start..<reader.index)
            }
            isMember = try reader.nextMember()
        }
    }

    /// The text of a member, whether text, number or truth; nil for one that is missing or null.
    subscript(key: String) -> String? { self.members[key] }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: JSONText.unescaped(bytes, range) ?? [], as: UTF8.self)
    }

    /// Reads `[{"above_price":0.005,"tick_size":0.0005}]`: the tick grows with the price.
    private mutating func readSteps(_ reader: inout JSONReader) throws(JSONError) {
        var isElement = try reader.beginArray()
        while isElement {
            if let step = try DeribitEntry(&reader), let tick = step["tick_size"].flatMap({ DecimalValue($0) }) {
                self.leastStep = self.leastStep.map { Self.lesser($0, tick) } ?? tick
            }
            isElement = try reader.nextElement()
        }
    }

    // MARK: - Instruments

    /// Makes the instrument of a section that the entry describes.
    func instrument(of section: DeribitSegment) -> Reading {
        guard let name = self["instrument_name"], let kind = self["kind"], !name.isEmpty else { return .refused }
        let isPerpetual = kind == "future" && name.hasSuffix("-PERPETUAL")
        guard section == .perpetual ? isPerpetual : section == .option && kind == "option" else {
            return .passedOver
        }
        guard let base = self["base_currency"], let quote = self["quote_currency"], !base.isEmpty, !quote.isEmpty
        else { return .refused }
        // Entries before 2021-11 do not say it: only linear contracts have two currencies in their name.
        let type = self["instrument_type"] ?? self["future_type"]
        let isLinear = type.map { $0 == "linear" } ?? name.contains("_")
        let option = section == .option ? DeribitOptionName(name) : nil
        if section == .option, option == nil { return .refused }
        var instrument = Instrument(
            venue: Deribit.id, segment: section.rawValue, market: section == .option ? .option : .perpetual,
            symbol: option?.symbol(base: base, quote: isLinear ? quote : nil) ?? "\(base)-\(quote)",
            venueSymbol: name, base: base, quote: quote,
            settle: self["settlement_currency"] ?? (isLinear ? quote : base),
            contract: isLinear ? .linear : .inverse, status: self.status, venueStatus: self["state"] ?? "",
            unit: section == .perpetual && !isLinear ? .quote : .base)
        instrument.tickSize = self.tick?.text
        instrument.minSize = self.decimal("min_trade_amount")?.text
        instrument.contractSize = self.decimal("contract_size")?.text
        instrument.contractSizeUnit = instrument.contractSize == nil ? nil : instrument.unit
        instrument.lotSize = self.lot?.text
        instrument.listedMicroseconds = self.time("creation_timestamp")
        if let option {
            instrument.expiresMicroseconds = self.time("expiration_timestamp")
            instrument.strike = self.decimal("strike")?.text
            instrument.optionType = option.type
            guard instrument.expiresMicroseconds != nil, instrument.strike != nil else { return .refused }
        }
        return .taken(instrument)
    }

    /// `state` is reported since 2025, `is_active` since ever.
    private var status: Instrument.Status {
        let isActive = self["is_active"] != "false"
        switch self["state"] {
        case nil: return isActive ? .trading : .closed
        case "open", "started": return isActive ? .trading : .halted
        case "created": return .pending
        case "locked", "halted", "inactive": return .halted
        case "settlement": return .settling
        case "delivered", "archivized", "closed": return .closed
        default: return .unknown
        }
    }

    private func decimal(_ key: String) -> DecimalValue? { self[key].flatMap { DecimalValue($0) } }

    private func time(_ key: String) -> Int64? {
        self[key].flatMap { Int64($0) }.flatMap { Timestamp(milliseconds: $0).microseconds }
    }

    private var tick: DecimalValue? {
        guard let tick = self.decimal("tick_size") else { return self.leastStep }
        return self.leastStep.map { Self.lesser($0, tick) } ?? tick
    }

    /// Sizes are multiples of the contract, options also of less: the lesser of it and of the least amount.
    private var lot: DecimalValue? {
        guard let contract = self.decimal("contract_size"), contract.signum > 0 else {
            return self.decimal("min_trade_amount")
        }
        return self.decimal("min_trade_amount").map { $0.signum > 0 ? Self.lesser($0, contract) : contract } ?? contract
    }

    /// The lesser of two numbers above zero.
    private static func lesser(_ left: DecimalValue, _ right: DecimalValue) -> DecimalValue {
        let scale = max(left.scale, right.scale)
        guard let wideLeft = FixedPoint.rescale(left.mantissa, by: scale - left.scale) else { return right }
        guard let wideRight = FixedPoint.rescale(right.mantissa, by: scale - right.scale) else { return left }
        return wideLeft <= wideRight ? left : right
    }
}
