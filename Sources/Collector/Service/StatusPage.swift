import MarketModel
import OrderBook
import Publishing
import Transport

/// The whole state as JSON.
enum StatusPage {
    static func json(_ report: ServiceReport) -> String {
        var out = "{\"instance\":\(JSONLiteral.string(report.instance)),\"boot\":\"\(report.boot)\""
        out += ",\"uptime_us\":\(report.uptimeMicroseconds),\"resident_bytes\":\(report.residentBytes)"
        out += ",\"connections\":[\(report.connections.map(Self.connection).joined(separator: ","))]"
        out += ",\"books\":[\(report.books.map(Self.book).joined(separator: ","))]"
        out += ",\"accounting\":{\"core\":\(Self.accounts(report.core))"
        out += ",\"jetstream\":\(Self.accounts(report.jetstream))}"
        out += ",\"nats\":\(Self.nats(report.publisher))}\n"
        return out
    }

    private static func connection(_ connection: LoopSummary.Connection) -> String {
        let counters = connection.counters
        var out = "{\"name\":\(JSONLiteral.string(connection.name)),\"state\":\"\(connection.state.rawValue)\""
        out += ",\"streams\":\(connection.streams),\"connects\":\(counters.connects),\"opened\":\(counters.opened)"
        out += ",\"sockets_live\":\(counters.socketsLive),\"sockets_live_max\":\(counters.socketsLiveMax)"
        out += ",\"rotations\":\(counters.rotations),\"messages\":\(counters.traffic.messages)"
        out += ",\"bytes\":\(counters.traffic.bytes)"
        out += ",\"refused_subscriptions\":\(connection.refusedSubscriptions)"
        return out + ",\"last_data_us\":\(JSONLiteral.integer(connection.lastDataMicroseconds))}"
    }

    private static func book(_ book: LoopSummary.Book) -> String {
        let counts = book.counts
        var out = "{\"segment\":\"\(book.instrument.segment)\""
        out += ",\"symbol\":\(JSONLiteral.string(book.instrument.symbol))"
        out += ",\"venue_symbol\":\(JSONLiteral.string(book.instrument.venueSymbol))"
        out += ",\"state\":\"\(book.state.rawValue)\",\"trusted_depth\":\(book.trustedDepth)"
        out += ",\"bid\":\(JSONLiteral.optional(book.bid)),\"ask\":\(JSONLiteral.optional(book.ask))"
        out += ",\"seeds\":\(book.reseeds),\"applied\":\(counts.applied),\"stale\":\(counts.stale)"
        out += ",\"gaps\":\(counts.gaps),\"mismatches\":\(counts.mismatches),\"refreshes\":\(counts.refreshes)"
        out += ",\"refreshes_failed\":\(counts.refreshesFailed),\"bytes\":\(book.bytes)"
        out += ",\"trades\":\(book.trades.taken),\"trade_duplicates\":\(book.trades.duplicates)"
        return out + ",\"trades_missing\":\(book.trades.missing)}"
    }

    private static func accounts(_ cut: AccountingCut) -> String {
        var out = "{\"produced\":\(cut.produced),\"confirmed\":\(cut.confirmed),\"conflated\":\(cut.conflated)"
        out += ",\"dropped\":\(cut.dropped),\"unconfirmed\":\(cut.unconfirmed),\"queued\":\(cut.queued)"
        out += ",\"in_flight\":\(cut.inFlight),\"spooled\":\(cut.spooled)"
        return out + ",\"balanced\":\(cut.isBalanced),\"consistent\":\(cut.isConsistent)}"
    }

    private static func nats(_ publisher: PublisherSnapshot) -> String {
        var out = "{\"connected\":\(publisher.isConnected),\"jetstream\":\(publisher.hasJetStream)"
        out += ",\"server\":\(JSONLiteral.string(publisher.serverURL)),\"connects\":\(publisher.connects)"
        out += ",\"disconnects\":\(publisher.disconnects),\"acknowledged\":\(publisher.acknowledged)"
        out += ",\"duplicates\":\(publisher.duplicates),\"repeated\":\(publisher.repeated)"
        return out + ",\"fences_returned\":\(publisher.fencesReturned)}"
    }
}
