import MarketModel

/// Prices, rates and bars beside trades and books.
///
/// A mark price is conflated as an offer is; everything else is told to the ledger when it finds no room.
extension EventPublisher {
    mutating func publish(_ price: MarkPrice, _ now: Int64) {
        let index = Int(price.instrument.index)
        guard self.mayQueue(.markPrice) else {
            self.queue.lane(for: .markPrice).countConflated(.markPrice)
            if self.heldMarks[index] == nil { self.heldMarkCount += 1 }
            self.heldMarks[index] = price
            return
        }
        if self.heldMarks[index] != nil {
            self.heldMarks[index] = nil
            self.heldMarkCount -= 1
        }
        let place = self.place(.markPrice, price.instrument)
        let number = self.table.next(place)
        guard var writer = self.reserve(.markPrice, at: place, bytesMax: self.identityBytesMax) else { return }
        let isNamed = writer.identity(of: price)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        self.encoder.encode(price, number: number, to: &writer)
        self.close(writer, .markPrice, at: place, idCount: idCount, received: price.receivedMicroseconds, now)
    }

    mutating func publish(_ rate: FundingRate, _ now: Int64) {
        let place = self.place(.fundingRate, rate.instrument)
        let number = self.table.next(place)
        guard var writer = self.reserve(.fundingRate, at: place, bytesMax: self.identityBytesMax) else {
            self.lose(.fundingRate, of: rate.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: rate)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        self.encoder.encode(rate, number: number, to: &writer)
        self.close(writer, .fundingRate, at: place, idCount: idCount, received: rate.receivedMicroseconds, now)
    }

    mutating func publish(_ interest: OpenInterest, _ now: Int64) {
        let place = self.place(.openInterest, interest.instrument)
        let number = self.table.next(place)
        guard var writer = self.reserve(.openInterest, at: place, bytesMax: self.identityBytesMax) else {
            self.lose(.openInterest, of: interest.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: interest)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        let unit = self.slots[Int(interest.instrument.index)].unit
        self.encoder.encode(interest, number: number, unit: unit, to: &writer)
        self.close(writer, .openInterest, at: place, idCount: idCount, received: interest.receivedMicroseconds, now)
    }

    mutating func publish(_ liquidation: Liquidation, _ frame: UnsafeRawBufferPointer, _ now: Int64) {
        let start = Int(liquidation.id.offset)
        let id = UnsafeRawBufferPointer(rebasing: frame[start..<(start + Int(liquidation.id.count))])
        let place = self.place(.liquidation, liquidation.instrument)
        let number = self.table.next(place)
        // The venue's id stands in the message's id and in its body.
        let most = self.identityBytesMax + 2 * id.count
        guard var writer = self.reserve(.liquidation, at: place, bytesMax: most) else {
            self.lose(.liquidation, of: liquidation.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: liquidation, id: id)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        let unit = self.slots[Int(liquidation.instrument.index)].unit
        self.encoder.encode(liquidation, id: id, number: number, unit: unit, to: &writer)
        self.close(
            writer, .liquidation, at: place, idCount: idCount, received: liquidation.receivedMicroseconds, now)
    }

    mutating func publish(_ ratio: LongShortRatio, _ now: Int64) {
        let type = ratio.kind.messageType
        let place = self.place(type, ratio.instrument)
        let number = self.table.next(place)
        guard var writer = self.reserve(type, at: place, bytesMax: self.identityBytesMax) else {
            self.lose(type, of: ratio.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: ratio)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        self.encoder.encode(ratio, number: number, to: &writer)
        self.close(writer, type, at: place, idCount: idCount, received: ratio.receivedMicroseconds, now)
    }

    mutating func publish(_ index: VolatilityIndex, _ now: Int64) {
        let place = self.place(.volatilityIndex, index.instrument)
        let number = self.table.next(place)
        guard var writer = self.reserve(.volatilityIndex, at: place, bytesMax: self.identityBytesMax) else {
            self.lose(.volatilityIndex, of: index.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: index)
        let idCount = self.endID(&writer, isNamed, at: place, number)
        self.encoder.encode(index, number: number, to: &writer)
        self.close(writer, .volatilityIndex, at: place, idCount: idCount, received: index.receivedMicroseconds, now)
    }

    mutating func publish(_ bar: Kline, _ frame: UnsafeRawBufferPointer, _ now: Int64) {
        let place = self.place(.kline, bar.instrument)
        let number = self.table.next(place)
        let bytes = frame.assumingMemoryBound(to: UInt8.self).span
        guard let numbers = KlineNumbers(bar, in: bytes) else {
            self.queue.lane(for: .kline).countDropped(.kline, .encoding)
            self.lose(.kline, of: bar.instrument, at: place, number, reason: .encoding, now)
            return
        }
        let most = self.identityBytesMax + numbers.textBytesMax
        guard var writer = self.reserve(.kline, at: place, bytesMax: most) else {
            self.lose(.kline, of: bar.instrument, at: place, number, now)
            return
        }
        let isNamed = writer.identity(of: bar, digest: numbers.digest(of: bytes, tradeCount: bar.tradeCount))
        let idCount = self.endID(&writer, isNamed, at: place, number)
        self.encoder.encode(bar, numbers: numbers, frame: bytes, number: number, to: &writer)
        self.close(writer, .kline, at: place, idCount: idCount, received: bar.receivedMicroseconds, now)
    }

    /// The most bytes that an id made here takes, the venue's own aside.
    private var identityBytesMax: Int { max(ByteWriter.identityBytesMax, self.ownID.count + FixedPoint.textBytesMax) }

    /// Gives a message without an id `<instance>:<boot>:<n>`, writes all up to the message's number, and gives the id's
    /// length.
    private func endID(_ writer: inout ByteWriter, _ isNamed: Bool, at place: Int, _ number: UInt64) -> Int {
        if !isNamed {
            writer.bytes(self.ownID)
            writer.unsigned(number)
        }
        let count = writer.count - self.table.subject(place).count - 1
        writer.bytes(self.table.prefix(place))
        return count
    }
}

extension LongShortRatio.Kind {
    /// The type of its messages.
    package var messageType: MessageType {
        switch self {
        case .topPosition: .lsrTopPosition
        case .topAccount: .lsrTopAccount
        case .allAccount: .lsrAllAccount
        }
    }
}
