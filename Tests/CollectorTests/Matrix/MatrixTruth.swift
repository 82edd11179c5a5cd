import Collector
import ExchangeSimulator
import MarketModel
import Venues

/// What should have been published of what the simulated exchange sent and answered, by reading the venue's own texts.
struct MatrixTruth {
    let exchange: SimulatedExchange
    /// The venue's names of the instruments that are collected, by section.
    let symbols: [SegmentID: [String]]
    /// Whether only what new subscribers alone were sent counts.
    var welcomes = false

    /// The messages that may be published of a cell; nil for one that is not known here.
    func messages(of cell: MatrixCell) async -> Set<MatrixMessage>? { await self.list(of: cell).map(Set.init) }

    /// The same, each as often as it was sent.
    func list(of cell: MatrixCell) async -> [MatrixMessage]? {
        guard let symbols = self.symbols[cell.section], let market = MarketSegment(cell.section) else { return nil }
        var all: [MatrixMessage] = []
        for symbol in symbols {
            let messages: [MatrixMessage?]? =
                switch cell.section.venue {
                case Binance.id: await self.binance(cell.type, symbol, market)
                case OKX.id: await self.okx(cell.type, symbol, market)
                case Deribit.id: await self.deribit(cell.type, symbol, market)
                default: nil
                }
            guard let messages else { return nil }
            all += messages.compactMap { $0?.completed(cell.type) }
        }
        return all
    }

    /// What was sent on a stream.
    func sent(_ stream: String, _ market: MarketSegment) async -> [ExactJSON] {
        await self.exchange.sent(stream, in: market, welcomes: self.welcomes).compactMap { ExactJSON($0.utf8) }
    }

    /// What was answered on a path to questions with these pairs among others.
    func answered(_ path: String, _ query: KeyValuePairs<String, String>, _ market: MarketSegment) async -> [ExactJSON]
    {
        await self.exchange.answered(path, in: market)
            .filter { answer in query.allSatisfy { answer.query[$0.key] == $0.value } }
            .compactMap { ExactJSON($0.body) }
    }

    /// The elements of the lists of this name, one list after the other.
    static func elements(of key: String, in trees: [ExactJSON]) -> [ExactJSON] {
        var all: [ExactJSON] = []
        for tree in trees { all += tree[key]?.elements ?? [] }
        return all
    }

    /// The time of a field, microseconds as text.
    static func time(_ milliseconds: ExactJSON?) -> String {
        guard let text = milliseconds?.plain, !text.isEmpty, text.allSatisfy(\.isNumber) else { return "null" }
        return text + "000"
    }

    /// An instrument's names and a message's times.
    static func head(
        _ market: String, _ symbol: String, _ venueSymbol: String, event: ExactJSON? = nil, sent: ExactJSON? = nil
    ) -> [String: String] {
        [
            "market": market, "symbol": symbol, "venue_symbol": venueSymbol, "event_us": Self.time(event),
            "venue_sent_us": Self.time(sent),
        ]
    }

    /// A message of a head and fields, where all of these are there.
    static func message(_ head: [String: String], _ fields: [String: String?]) -> MatrixMessage? {
        var all = head
        for (key, value) in fields {
            guard let value else { return nil }
            all[key] = value
        }
        return MatrixMessage(all)
    }
}

extension MatrixMessage {
    /// With what every live message of a type says alike: no bar, and not of the past.
    fileprivate func completed(_ type: DataType) -> MatrixMessage {
        switch type {
        case .markPrice:
            return ["open", "high", "low", "resolution_us"].reduce(self.with("backfilled", "false")) {
                $0.with($1, "null")
            }
        case .bbo, .openInterest, .topPositionRatio, .topAccountRatio, .allAccountRatio, .volatilityIndex:
            return self.with("backfilled", "false")
        case .trade, .orderbook, .fundingRate, .liquidation, .kline, .instrument:
            return self
        }
    }
}
