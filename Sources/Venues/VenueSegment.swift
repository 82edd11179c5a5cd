package import MarketModel

/// Names a section of a venue: `binance usdm`.
package struct SegmentID: Hashable, Sendable, CustomStringConvertible {
    package let venue: VenueID
    /// The key of its configuration: `usdm`.
    package let name: String

    package init(_ venue: VenueID, _ name: String) {
        self.venue = venue
        self.name = name
    }

    /// The section that an instrument belongs to.
    package init(of instrument: Instrument) {
        self.init(instrument.venue, instrument.segment)
    }

    package var description: String { "\(self.venue) \(self.name)" }
}

/// What a section of a venue is and offers: values only, from the venue's documentation.
package struct VenueSegment: Hashable, Sendable {
    /// A choice that only this section has: a key of its configuration.
    package struct Option: Hashable, Sendable {
        package let key: String
        package let choices: [String]
        package let standard: String
        package let meaning: String

        package init(_ key: String, choices: [String], standard: String, _ meaning: String) {
            self.key = key
            self.choices = choices
            self.standard = standard
            self.meaning = meaning
        }
    }

    /// How a book's snapshot is asked for.
    package struct Snapshot: Hashable, Sendable {
        package let standard: Int
        package let most: Int
        /// The only numbers of levels that are served; empty where any is.
        package let served: [Int]

        package init(standard: Int, most: Int, served: [Int] = []) {
            self.standard = standard
            self.most = most
            self.served = served
        }
    }

    package let id: SegmentID
    /// In words, for reports: `USD-M futures`.
    package let title: String
    /// For the reference of the configuration.
    package let meaning: String
    package let exampleSymbol: String
    /// Whether its symbols have no lower-case letters.
    package let symbolsAreUppercase: Bool
    /// Base address of the streams, `wss://fstream.binance.com`, without the paths of `VenueRoute`.
    package let webSocket: String
    /// Base address of the requests.
    package let rest: String
    /// Every kind of data.
    package let offers: [DataType: Offer]
    /// What is collected where the configuration does not say.
    package let standardTypes: [DataType]
    /// The lengths of bars that are offered.
    package let klineIntervals: [KlineInterval]
    /// The periods that ratios are offered for; empty where there are none.
    package let ratioPeriods: [KlineInterval]
    package let options: [Option]
    /// Streams of one connection: what is usual, and the most that the venue takes.
    package let streamsPerConnection: Int
    package let streamsPerConnectionMost: Int
    /// How a book's snapshot is asked for; nil where it comes in the stream.
    package let snapshot: Snapshot?
    package let sequenceRule: SequenceRule
    package let depth: DepthSemantics

    package init(
        id: SegmentID, title: String, meaning: String, exampleSymbol: String,
        symbolsAreUppercase: Bool = true, webSocket: String, rest: String,
        offers: [DataType: Offer], standardTypes: [DataType], klineIntervals: [KlineInterval] = [],
        ratioPeriods: [KlineInterval] = [], options: [Option] = [], streamsPerConnection: Int,
        streamsPerConnectionMost: Int, snapshot: Snapshot?, sequenceRule: SequenceRule, depth: DepthSemantics
    ) {
        self.id = id
        self.title = title
        self.meaning = meaning
        self.exampleSymbol = exampleSymbol
        self.symbolsAreUppercase = symbolsAreUppercase
        self.webSocket = webSocket
        self.rest = rest
        self.offers = offers
        self.standardTypes = standardTypes
        self.klineIntervals = klineIntervals
        self.ratioPeriods = ratioPeriods
        self.options = options
        self.streamsPerConnection = streamsPerConnection
        self.streamsPerConnectionMost = streamsPerConnectionMost
        self.snapshot = snapshot
        self.sequenceRule = sequenceRule
        self.depth = depth
    }

    package func offer(of type: DataType) -> Offer { self.offers[type] ?? .refused("the venue has none") }

    /// What can be collected, in the order of the documentation.
    package var offeredTypes: [DataType] { DataType.allCases.filter { self.offer(of: $0).isOffered } }
}
