/// What a venue says about one instrument, in the venue's digits.
public struct Instrument: Hashable, Sendable {
    /// How a contract settles; `spot` for no contract at all.
    public enum Contract: String, Hashable, Sendable {
        case spot, linear, inverse
    }

    /// Whether it can be traded now.
    public enum Status: String, Hashable, Sendable {
        case pending, trading, halted, settling, closed, unknown
    }

    /// What an option gives the right to do: buy or sell.
    public enum OptionType: String, Hashable, Sendable {
        case call, put
    }

    public var venue: VenueID
    /// The venue's own section, the key of its configuration: `spot`, `usdm`, `coinm`.
    public var segment: String
    public var market: Market
    /// Ours: `BTC-USDT`, `BTC-USD`, `BTC-USDT-261225`.
    public var symbol: String
    /// The venue's: `BTCUSDT`, `BTCUSD_PERP`.
    public var venueSymbol: String
    public var base: String
    public var quote: String
    public var settle: String?
    public var contract: Contract
    public var status: Status
    /// The venue's own word for the status.
    public var venueStatus: String
    public var unit: SizeUnit
    /// Decimal text without trailing zeros, as all numbers below; nil where the venue gives none.
    public var tickSize: String?
    public var lotSize: String?
    public var minSize: String?
    public var minNotional: String?
    public var contractSize: String?
    public var contractSizeUnit: SizeUnit?
    public var listedMicroseconds: Int64?
    public var expiresMicroseconds: Int64?
    /// Of an option: the price at which it is exercised, decimal text in `quote`.
    public var strike: String?
    public var optionType: OptionType?

    public init(
        venue: VenueID, segment: String, market: Market, symbol: String, venueSymbol: String, base: String,
        quote: String, settle: String? = nil, contract: Contract, status: Status = .trading,
        venueStatus: String = "", unit: SizeUnit, strike: String? = nil, optionType: OptionType? = nil
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
        self.strike = strike
        self.optionType = optionType
    }
}
