import MarketModel
import Venues

/// The streams of one connection by their places, which the decoder, the subscriptions and the watch share.
///
/// A stream that is given up leaves its place empty.
struct FeedStreams {
    /// By place; nil for one that was given up.
    private(set) var all: [VenueStream?] = []
    /// The instrument of each place; nil for a stream of the whole section.
    private var owners: [InstrumentID?] = []
    private var depthPlaces: [InstrumentID: Int] = [:]
    private(set) var count = 0

    mutating func add(_ stream: VenueStream, of instrument: InstrumentID?) {
        if let instrument, stream.types.contains(.orderbook) { self.depthPlaces[instrument] = self.all.count }
        self.all.append(stream)
        self.owners.append(instrument)
        self.count += 1
    }

    mutating func remove(_ place: Int) {
        guard self.all.indices.contains(place), let stream = self.all[place] else { return }
        if let owner = self.owners[place], stream.types.contains(.orderbook) { self.depthPlaces[owner] = nil }
        self.all[place] = nil
        self.owners[place] = nil
        self.count -= 1
    }

    func name(at place: Int) -> String { self.all.indices.contains(place) ? self.all[place]?.name ?? "" : "" }

    func places(of streams: [VenueStream]) -> [Int] {
        let wanted = Set(streams)
        return self.all.indices.filter { self.all[$0].map { wanted.contains($0) } ?? false }
    }

    /// Symbols that have a stream of a type, each once.
    func symbols(with type: DataType) -> [String] {
        Set(self.all.compactMap { stream in stream.flatMap { $0.types.contains(type) ? $0.symbol : nil } }).sorted()
    }

    /// Where the depth of an instrument comes from; nil when not from here.
    func depthPlace(of instrument: InstrumentID) -> Int? { self.depthPlaces[instrument] }

    /// Instruments whose depth comes here.
    var depthInstruments: [InstrumentID] { self.depthPlaces.keys.sorted { $0.index < $1.index } }

    /// Whether an instrument has a stream here.
    func carries(_ instrument: InstrumentID) -> Bool { self.owners.contains(instrument) }

    /// Instruments that have a stream here, each once.
    var instruments: [InstrumentID] { Set(self.owners.compactMap(\.self)).sorted { $0.index < $1.index } }
}
