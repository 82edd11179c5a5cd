package import MarketModel

/// Reads Deribit's lists of instruments and summaries, off the frame path.
package enum DeribitInstruments {
    /// Gives the section's instruments of a list, and how many entries were refused; one bad entry refuses only itself.
    ///
    /// Entries of other sections, dated futures among them, are passed over.
    package static func parse(
        _ json: Span<UInt8>, section: DeribitSegment
    ) throws(JSONError) -> (instruments: [Instrument], refused: Int) {
        var instruments: [Instrument] = []
        var refused = 0
        var reader = JSONReader(json)
        var isElement = try Self.beginResult(&reader)
        while isElement {
            if let entry = try DeribitEntry(&reader) {
                switch entry.instrument(of: section) {
                case .taken(let instrument): instruments.append(instrument)
                case .passedOver: break
                case .refused: refused += 1
                }
            } else {
                refused += 1
            }
            isElement = try reader.nextElement()
        }
        return (instruments, refused)
    }

    /// Gives the last day's turnover in US dollars by instrument; those without one are left out.
    package static func turnovers(_ json: Span<UInt8>) throws(JSONError) -> [String: DecimalValue] {
        var turnovers: [String: DecimalValue] = [:]
        var reader = JSONReader(json)
        var isElement = try Self.beginResult(&reader)
        while isElement {
            if let entry = try DeribitEntry(&reader), let name = entry["instrument_name"],
                let turnover = entry["volume_usd"].flatMap({ DecimalValue($0) })
            {
                turnovers[name] = turnover
            }
            isElement = try reader.nextElement()
        }
        return turnovers
    }

    /// Goes to the list in `result`; true when it has an element.
    private static func beginResult(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        let envelope = try DeribitDecoder.envelope(&reader)
        guard let result = envelope.result else { throw .value(offset: 0) }
        reader.index = result
        return try reader.beginArray()
    }
}
