/// What a recorded message says that matters for playing it.
enum RecordedEvent {
    struct Depth {
        /// The id before the first change.
        var before: UInt64
        var lastID: UInt64
        var bids: [BookLevel]
        var asks: [BookLevel]
    }

    case depth(Depth)
    case trade(id: UInt64)
    case other

    /// Reads the payload of a stream's frame.
    init(parsing data: UnsafeRawBufferPointer) {
        var cursor = JSONCursor(data)
        var kind = "", tradeID: UInt64?, first: UInt64?, last: UInt64?, previous: UInt64?
        var bids: [BookLevel]?
        var asks: [BookLevel]?
        self = .other
        guard cursor.take(UInt8(ascii: "{")) else { return }
        repeat {
            guard let key = cursor.string(), cursor.take(UInt8(ascii: ":")) else { return }
            let isShort = key.count == 1
            switch (isShort ? key[0] : 0, key.count == 2 && key[0] == UInt8(ascii: "p") && key[1] == UInt8(ascii: "u"))
            {
            case (_, true): previous = cursor.unsigned()
            case (UInt8(ascii: "e"), _): kind = cursor.text() ?? ""
            case (UInt8(ascii: "U"), _): first = cursor.unsigned()
            case (UInt8(ascii: "u"), _): last = cursor.unsigned()
            case (UInt8(ascii: "t"), _): tradeID = cursor.unsigned()
            case (UInt8(ascii: "b"), _) where kind == "depthUpdate": bids = cursor.levels()
            case (UInt8(ascii: "a"), _) where kind == "depthUpdate": asks = cursor.levels()
            default:
                guard cursor.skip() else { return }
            }
        } while cursor.take(UInt8(ascii: ","))
        if kind == "trade", let tradeID {
            self = .trade(id: tradeID)
        } else if kind == "depthUpdate", let first, let last, let bids, let asks {
            self = .depth(
                Depth(before: previous ?? (first > 0 ? first - 1 : 0), lastID: last, bids: bids, asks: asks))
        }
    }

    /// Reads a REST depth answer.
    static func snapshot(parsing data: UnsafeRawBufferPointer) -> BookTop? {
        var cursor = JSONCursor(data)
        var lastID: UInt64?
        var bids: [BookLevel]?
        var asks: [BookLevel]?
        guard cursor.take(UInt8(ascii: "{")) else { return nil }
        repeat {
            guard let key = cursor.text(), cursor.take(UInt8(ascii: ":")) else { return nil }
            switch key {
            case "lastUpdateId": lastID = cursor.unsigned()
            case "bids": bids = cursor.levels()
            case "asks": asks = cursor.levels()
            default:
                guard cursor.skip() else { return nil }
            }
        } while cursor.take(UInt8(ascii: ","))
        guard let lastID, let bids, let asks else { return nil }
        return BookTop(lastID: lastID, bids: bids, asks: asks)
    }
}
