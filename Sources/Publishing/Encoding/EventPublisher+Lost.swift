import MarketModel

/// What a loop gave up under one subject since it last told the ledger.
struct ProducerLoss {
    var instrument: InstrumentID
    var type: MessageType
    var reason: DropReason
    var numbering: GapNumbering?
    var first: UInt64
    var last: UInt64
    var count: UInt64
    var fromMicroseconds: Int64
    var toMicroseconds: Int64
}

/// Losses are gathered subject by subject and told at the next tick, so that a full queue costs no lock a message.
extension EventPublisher {
    /// Notes a message that was given up: `number` is its `n`, or the first of its trade ids up to `last`.
    mutating func lose(
        _ type: MessageType, of instrument: InstrumentID, at place: Int, _ number: UInt64, through last: UInt64? = nil,
        numbering: GapNumbering? = .number, reason: DropReason = .queueFull, _ now: Int64
    ) {
        guard self.ledger != nil else { return }
        if let former = self.lost[place], former.reason != reason || !former.isFollowed(by: number, numbering) {
            self.tell(former)
            self.lost[place] = nil
        }
        self.lost[
            place,
            default: ProducerLoss(
                instrument: instrument, type: type, reason: reason, numbering: numbering, first: number, last: number,
                count: 0, fromMicroseconds: now, toMicroseconds: now)
        ].add(number, through: last ?? number, at: now)
    }

    /// Tells the ledger what was lost since the last tick.
    mutating func tellLosses() {
        guard !self.lost.isEmpty else { return }
        for loss in self.lost.values { self.tell(loss) }
        self.lost.removeAll(keepingCapacity: true)
    }

    private func tell(_ loss: ProducerLoss) {
        var told = GapLoss(
            GapSubject(self.instruments[Int(loss.instrument.index)]), of: .messages(loss.type),
            cause: GapCause(loss.reason), from: loss.fromMicroseconds, to: loss.toMicroseconds, missing: loss.count)
        if let numbering = loss.numbering { told = told.numbered(numbering, loss.first, loss.last) }
        self.ledger?.record(told)
    }
}

extension ProducerLoss {
    /// Whether a further loss belongs into the same range: trade ids tell exactly what is missing, without holes.
    fileprivate func isFollowed(by number: UInt64, _ numbering: GapNumbering?) -> Bool {
        self.numbering == numbering && (numbering != .tradeID || number == self.last &+ 1)
    }

    fileprivate mutating func add(_ number: UInt64, through last: UInt64, at now: Int64) {
        self.last = max(self.last, last)
        self.count &+= last >= number ? last &- number &+ 1 : 1
        self.toMicroseconds = now
    }
}
