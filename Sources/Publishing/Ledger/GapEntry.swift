package import MarketModel

/// One loss on the ledger, as the newest `gap` message with its id tells it.
///
/// Schema: `docs/schema/gap.schema.json`.
package struct GapEntry: Sendable, Equatable {
    /// `<instance>:<boot>:<number>`; a later message with the same id replaces the former.
    package var id: String
    package var subject: GapSubject
    package var of: GapKind
    package var cause: GapCause
    /// The first and the last that is missing; nil where nothing is numbered.
    package var range: GapRange?
    /// The span in time, microseconds since the epoch; its end is nil while it lasts.
    package var fromMicroseconds: Int64
    package var toMicroseconds: Int64?
    /// How many were lost; nil where nobody can know.
    package var missing: UInt64?
    /// How many of them were found or fetched since.
    package var repaired: UInt64
    /// Nothing more will be found: it is over, and nothing is missing or nothing more will be tried.
    package var isClosed: Bool
    /// When the entry was made.
    package var receivedMicroseconds: Int64

    package init(
        id: String, subject: GapSubject, of kind: GapKind, cause: GapCause, range: GapRange? = nil,
        fromMicroseconds: Int64, toMicroseconds: Int64?, missing: UInt64? = nil, repaired: UInt64 = 0,
        isClosed: Bool = true, receivedMicroseconds: Int64
    ) {
        self.id = id
        self.subject = subject
        self.of = kind
        self.cause = cause
        self.range = range
        self.fromMicroseconds = fromMicroseconds
        self.toMicroseconds = toMicroseconds
        self.missing = missing
        self.repaired = repaired
        self.isClosed = isClosed
        self.receivedMicroseconds = receivedMicroseconds
    }

    /// Names the entry `number` of one boot.
    package static func id(instance: String, boot: String, number: UInt64) -> String {
        "\(instance):\(boot):\(number)"
    }

    /// How many are still lost; nil where nobody can know, and never below zero.
    package var stillMissing: UInt64? {
        self.missing.map { $0 > self.repaired ? $0 - self.repaired : 0 }
    }
}

/// What a loss is about: an instrument, or no more of it than applies.
package struct GapSubject: Hashable, Sendable {
    /// The venue's name; nil for what concerns the process.
    package var venue: String?
    /// The market as it stands in subjects.
    package var market: String?
    package var symbol: String?
    package var venueSymbol: String?

    package init(venue: String?, market: String? = nil, symbol: String? = nil, venueSymbol: String? = nil) {
        self.venue = venue
        self.market = market
        self.symbol = symbol
        self.venueSymbol = venueSymbol
    }

    package init(_ instrument: Instrument) {
        self.init(
            venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol,
            venueSymbol: instrument.venueSymbol)
    }

    /// The same without the venue's own name of the symbol, as subjects tell it.
    package var place: GapSubject { GapSubject(venue: self.venue, market: self.market, symbol: self.symbol) }
}

/// What was lost.
package enum GapKind: Hashable, Sendable {
    /// Messages of a type.
    case messages(MessageType)
    /// Whatever a connection would have brought.
    case connection

    /// Names it as the message's `of` does.
    package var token: StaticString {
        switch self {
        case .messages(let type): type.token
        case .connection: "connection"
        }
    }
}

/// Why it was lost.
package enum GapCause: String, CaseIterable, Sendable {
    case sequenceGap = "sequence_gap"
    case checksum, crossed, mismatch
    case bufferFull = "buffer_full"
    case valueTooLarge = "value_too_large"
    case tradeJump = "trade_jump"
    case reconnect, restart
    case queueFull = "queue_full"
    case disconnected
    case tooLarge = "too_large"
    case encoding, refused
    case spoolFull = "spool_full"
    case spoolExpired = "spool_expired"
    case spoolCorrupt = "spool_corrupt"
    case unconfirmed
}

extension GapCause {
    /// Whether trades that are missing for it are known not to have been published.
    package var canBeRepaired: Bool {
        switch self {
        case .tradeJump, .reconnect, .restart, .queueFull, .disconnected, .spoolFull, .spoolExpired, .spoolCorrupt: true
        // Some were perhaps delivered; others cannot be encoded, or the server does not take them.
        case .unconfirmed, .tooLarge, .encoding, .refused: false
        case .sequenceGap, .checksum, .crossed, .mismatch, .bufferFull, .valueTooLarge: false
        }
    }
}

extension GapCause {
    /// Whether nobody listened to the venue.
    var isOfAbsence: Bool { self == .reconnect || self == .restart }
}

/// What the ends of a range count.
package enum GapNumbering: String, CaseIterable, Sendable {
    /// The venue's count of an instrument's trades: `sequence` of `trade` messages.
    case tradeID = "trade_id"
    case venueSequence = "venue_sequence"
    /// The envelope's count for each boot and subject.
    case number = "n"
}

/// The first and the last that is missing, as text: some ids exceed what a JavaScript number holds.
package struct GapRange: Hashable, Sendable {
    package var numbering: GapNumbering
    package var from: String
    package var to: String

    package init(_ numbering: GapNumbering, from: String, to: String) {
        self.numbering = numbering
        self.from = from
        self.to = to
    }
}
