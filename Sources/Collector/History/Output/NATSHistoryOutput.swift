package import Backfill
import MarketModel
package import Publishing
import Venues

/// Publishes rows of the past into their stream: each once, and none that live collection has stored.
package final class NATSHistoryOutput: HistoryOutput {
    package let name: String
    private let publisher: HistoryPublisher

    /// - Parameters:
    ///   - publisher: Is closed by whoever made it.
    ///   - stream: The stream's name.
    package init(_ publisher: HistoryPublisher, stream: String) {
        self.publisher = publisher
        self.name = "nats:\(stream)"
    }

    package func begin(_ piece: HistoryPiece) async throws(HistoryOutputError) -> any HistoryPieceOutput {
        let kind = piece.series.kind
        let identity = HistoryIdentity(type: kind.messageType, interval: kind.interval)
        do throws(HistoryPublishError) {
            return NATSHistoryPiece(
                try await self.publisher.open(
                    piece.instrument, identity, rangeMilliseconds: piece.rangeMilliseconds,
                    begunMicroseconds: piece.begunMicroseconds))
        } catch {
            throw HistoryOutputError(error)
        }
    }
}

/// The messages of one piece.
private final class NATSHistoryPiece: HistoryPieceOutput {
    private let publication: HistoryPublication

    init(_ publication: HistoryPublication) { self.publication = publication }

    func write(_ page: HistoryPage) async throws(HistoryOutputError) {
        do throws(HistoryPublishError) {
            try await self.publication.write(
                page.rows.map(\.event), frame: page.bytes, scales: page.scales,
                receivedMicroseconds: page.receivedMicroseconds)
        } catch {
            throw HistoryOutputError(error)
        }
    }

    func finish() async throws(HistoryOutputError) -> HistoryCounts {
        do throws(HistoryPublishError) {
            let counts = try await self.publication.finish()
            return HistoryCounts(written: counts.published, skipped: counts.skipped, bytes: counts.bytes)
        } catch {
            throw HistoryOutputError(error)
        }
    }

    func abandon() async { self.publication.abandon() }
}

extension HistoryOutputError {
    fileprivate init(_ error: HistoryPublishError) {
        let kind: Kind =
            switch error.kind {
            case .unavailable: .unavailable
            case .refused: .refused
            case .rows: .rows
            }
        self.init(error.description, kind)
    }
}

extension HistoryRow {
    /// The row as events travel.
    fileprivate var event: MarketEvent {
        switch self {
        case .trade(let trade): .trade(trade)
        case .bestBidOffer(let offer): .bestBidOffer(offer)
        case .kline(let bar): .kline(bar)
        case .fundingRate(let rate): .fundingRate(rate)
        case .openInterest(let interest): .openInterest(interest)
        case .longShortRatio(let ratio): .longShortRatio(ratio)
        case .markPrice(let price): .markPrice(price)
        case .volatilityIndex(let index): .volatilityIndex(index)
        }
    }
}

extension HistoryKind {
    /// The type of its messages.
    fileprivate var messageType: MessageType {
        switch self {
        case .trade: .trade
        case .bbo: .bbo
        case .kline: .kline
        case .fundingRate: .fundingRate
        case .openInterest: .openInterest
        case .ratio(let kind, _): kind.messageType
        case .markPrice: .markPrice
        case .volatilityIndex: .volatilityIndex
        }
    }
}
