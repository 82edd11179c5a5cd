package import MarketModel

/// What is held back while there is no room, and goes out once there is.
extension EventPublisher {
    package mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID) {
        let index = Int(instrument.index)
        let old = self.slots[index].scales
        self.slots[index].scales = scales
        // A held offer has its numbers at the old scales.
        guard let offer = self.slots[index].heldOffer, scales.price >= old.price, scales.size >= old.size else {
            return
        }
        let (price, size) = (scales.price - old.price, scales.size - old.size)
        guard let bid = offer.bid.rescaled(price: price, size: size),
            let ask = offer.ask.rescaled(price: price, size: size)
        else {
            self.slots[index].heldOffer = nil
            self.heldOffers -= 1
            return
        }
        self.slots[index].heldOffer?.bid = bid
        self.slots[index].heldOffer?.ask = ask
    }

    /// Tells whether anything waits for room.
    package var holdsAnything: Bool {
        self.heldViews + self.heldOffers + self.heldMarkCount + self.heldInstruments > 0
    }

    /// Publishes held offers, mark prices and metadata while there is room, and names the books whose current view is wanted.
    package mutating func flushHeld(now: Int64) -> [(instrument: InstrumentID, needsNewChain: Bool)] {
        self.tellLosses()
        self.noticeLosses()
        guard self.holdsAnything, self.queue.deliveryState == .up else { return [] }
        var wanted: [(instrument: InstrumentID, needsNewChain: Bool)] = []
        for index in 0..<self.slots.count {
            self.flushOffer(index, now)
            self.flushMark(index, now)
            self.flushInstrument(index, now)
            if let isLost = self.takeHeldView(index) { wanted.append((InstrumentID(index), isLost)) }
        }
        return wanted
    }

    /// Voids every chain when the publisher lost messages that had been queued.
    private mutating func noticeLosses() {
        let epoch = self.queue.coreEpoch
        guard epoch != self.seenEpoch else { return }
        self.seenEpoch = epoch
        for index in 0..<self.slots.count { self.loseChain(index, .disconnected) }
    }

    /// Whether a held book's chain was lost, nil when no view is held or there is no room yet.
    private mutating func takeHeldView(_ index: Int) -> Bool? {
        guard self.slots[index].viewIsHeld, self.mayQueue(.orderbook) else { return nil }
        let isLost = self.slots[index].chainIsLost
        self.slots[index].chainIsLost = false
        return isLost
    }

    private mutating func flushInstrument(_ index: Int, _ now: Int64) {
        guard self.slots[index].instrumentIsHeld, self.mayQueue(.instrument) else { return }
        self.publishInstrument(InstrumentID(index), now)
    }

    private mutating func flushOffer(_ index: Int, _ now: Int64) {
        guard let offer = self.slots[index].heldOffer, self.mayQueue(.bbo) else { return }
        self.publish(offer, now)
    }

    private mutating func flushMark(_ index: Int, _ now: Int64) {
        guard let price = self.heldMarks[index], self.mayQueue(.markPrice) else { return }
        self.publish(price, now)
    }

    mutating func loseChain(_ index: Int, _ reason: DropReason) {
        if !self.slots[index].chainIsLost { self.slots[index].chainLoss = reason }
        self.slots[index].chainIsLost = true
        self.hold(view: index)
    }

    mutating func hold(view index: Int) {
        guard !self.slots[index].viewIsHeld else { return }
        self.slots[index].viewIsHeld = true
        self.heldViews += 1
    }
}
