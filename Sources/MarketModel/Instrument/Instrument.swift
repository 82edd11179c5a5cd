/// What a venue says about one instrument, in the venue's digits.
package struct Instrument: Hashable, Sendable {
    /// How a contract settles; `spot` for no contract at all.
    package enum Contract: String, Hashable, Sendable {
        case spot, linear, inverse
    }

    /// Whether it can be traded now.
    package enum Status: String, Hashable, Sendable {
        case pending, trading, halted, settling, closed, unknown
    }

    package var venue: VenueID
    /// The venue's own section, the key of its configuration: `spot`, `usdm`, `coinm`.
    package var segment: String
    package var market: Market
    /// Ours: `BTC-USDT`, `BTC-USD`, `BTC-USDT-261225`.
    package var symbol: String
    /// The venue's: `BTCUSDT`, `BTCUSD_PERP`.
    package var venueSymbol: String
    package var base: String
    package var quote: String
    package var settle: String?
    package var contract: Contract
    package var status: Status
    /// The venue's own word for the status.
    package var venueStatus: String
    package var unit: SizeUnit
    /// Decimal text without trailing zeros, as all numbers below; nil where the venue gives none.
    package var tickSize: String?
    package var lotSize: String?
    package var minSize: String?
    package var minNotional: String?
    package var contractSize: String?
    package var contractSizeUnit: SizeUnit?
    package var listedMicroseconds: Int64?
    package var expiresMicroseconds: Int64?

    package init(
        venue: VenueID, segment: String, market: Market, symbol: String, venueSymbol: String, base: String,
        quote: String, settle: String? = nil, contract: Contract, status: Status = .trading,
        venueStatus: String = "", unit: SizeUnit
    ) {
        self.venue = venue
        self.segment = segment
        self.market = market
        self.symbol = symbol
        self.venueSymbol = venueSymbol
        self.base = base
        self.quote = quote
        self.settle = settle
        self.contract = contract
        self.status = status
        self.venueStatus = venueStatus
        self.unit = unit
    }
}
