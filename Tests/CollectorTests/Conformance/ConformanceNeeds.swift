import MarketModel
import Venues

/// What the fixtures of a section must hold, by what the section is and offers.
enum ConformanceNeeds {
    static let keys: [String: String] = [
        "symbols": "two symbols of the venue, of which the first one's book is put through everything",
        "unknown": "a symbol that the venue does not have",
        "instruments": "the answer that lists both symbols; left out where nothing is asked",
        "words": "how a request and a frame word a stream, with $NAME, or $1 and $2",
        "words.section": "the same for a stream of the whole section, where that is another",
        "unsubscribe": "the word that tells a request to give streams up",
        "taken": "the answer to a request, with $ID, and $NAMES where it lists what it took",
        "taken.each": "the answer to each stream of a request, where each has its own",
        "taken.each.section": "the same for a stream of the whole section, where that is another",
        "taken.other": "the answer to a request that names no stream, where there is one",
        "refused": "what refuses a stream that the venue does not have; left out where it is only left out or silent",
        "pong": "the answer to a sign of life, where one is sent",
        "prompt": "what must be answered at once, where the venue sends such",
        "ending": "what tells that the venue is about to close, where it does",
        "book.snapshot": "the first book of the first symbol: an answer, or the stream's first frame; = its top",
        "book.other": "the same of the second symbol",
        "book.delta": "what follows it, in order; = the top after each",
        "book.gap": "an update of the first symbol that does not follow",
        "book.resync": "the snapshot after that; = its top",
        "book.reset": "what comes when the venue starts over; = the top after each",
        "history.trade": "the answer to a question for two trades of the first symbol by their ids; = what it gives",
        "history.funding_rate": "the answer to a question for two rates that were charged; = what it gives",
        "history.kline": "the answer to a question for two past bars of a minute of the first symbol; = what it gives",
        "history.mark_price": "the same of bars of the mark price; = what it gives",
        "history.volatility_index": "the same of bars of the index; = what it gives",
        "history.open_interest": "the answer to a question for two past periods of five minutes; = what it gives",
        "history.lsr_top_position": "the same of ratios; = what it gives",
        "history.lsr_top_account": "the same of ratios; = what it gives",
        "history.lsr_all_account": "the same of ratios; = what it gives",
        "book.reset.answer": "the snapshot after that, where it is asked for; = its top",
    ]

    /// The keys that a section lacks.
    static func missing(in fixture: ConformanceFixture, of segment: VenueSegment, _ venue: any Venue) -> [String] {
        var needed = ["symbols", "unknown", "words", "unsubscribe"]
        let dialect = venue.dialect(for: segment, limits: VenueLimits(venue.limits))
        needed.append(dialect.limits.acknowledgesEach ? "taken.each" : "taken")
        if !dialect.opening(firstID: 1).isEmpty { needed.append("taken.other") }
        if dialect.ping != nil { needed.append("pong") }
        if dialect.reply(id: 1) != nil { needed.append("prompt") }
        if !venue.instrumentRequests(in: segment).isEmpty { needed.append("instruments") }
        if segment.offer(of: .orderbook).isOffered {
            needed += ["book.snapshot", "book.other", "book.delta", "book.gap", "book.resync", "book.reset"]
            if segment.snapshot != nil { needed.append("book.reset.answer") }
        }
        for type in segment.offeredTypes {
            let offer = segment.offer(of: type)
            if offer.isStreamed { needed.append("stream.\(type.rawValue)") }
            if offer.isPolled, type != .instrument { needed.append("answer.\(type.rawValue)") }
        }
        if segment.snapshot != nil { needed.append("answer.orderbook") }
        let wanted = ConformanceSection.wanted(of: Set(segment.offeredTypes), in: segment)
        if venue.tradeRequest(of: "X", ids: 1...1, in: segment, wanted: wanted) != nil {
            needed.append("history.trade")
        }
        for type in segment.offeredTypes
        where type != .trade && ConformanceSection.pastKind(of: type, venue, segment, wanted) != nil {
            needed.append("history.\(type.rawValue)")
        }
        return needed.filter { !fixture.has($0) }
    }
}

extension Offer {
    var isStreamed: Bool {
        switch self {
        case .stream, .streamAndPoll: true
        case .poll, .refused: false
        }
    }
}
