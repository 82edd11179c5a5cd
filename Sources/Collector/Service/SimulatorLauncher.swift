package import ExchangeSimulator
package import Venues

/// Starts a simulated exchange and points a configuration at it.
package enum SimulatorLauncher {
    /// Makes a simulator's configuration from what the service was configured with.
    package static func configuration(of service: Configuration, _ settings: SimulatorSettings)
        -> SimulatorConfiguration
    {
        var simulator = SimulatorConfiguration()
        simulator.seed = UInt64(clamping: settings.seed)
        simulator.symbols = [:]
        simulator.past.days = settings.pastDays
        simulator.past.tradesPerDay = settings.pastTrades
        var count = 0
        for (segment, configured) in service.venues.segments {
            guard let simulated = MarketSegment(segment.id) else { continue }
            let known = SimulatedSymbol.standard(simulated)
            // Where a rule chooses, there is something to choose from.
            let choice = configured.rules.contains(where: \.isOpen) ? known.map(\.symbol) : []
            var taken = Set((simulator.symbols[simulated] ?? []).map(\.symbol))
            let symbols = (configured.symbols + choice).map { Self.instrument(of: $0, segment.id) }
                .filter { taken.insert($0).inserted }
                .map { name in
                    known.first { $0.symbol == name } ?? SimulatedSymbol.named(name, simulated)
                        ?? SimulatedSymbol.many(1, simulated)[0].renamed(name)
                }
            simulator.symbols[simulated, default: []] += symbols
            count += symbols.count
        }
        simulator.stepsPerSecond = Double(settings.rate) / Double(max(count, 1))
        if let path = settings.recording {
            var plan = RecordingPlan(path: path)
            plan.pace = .times(settings.pace)
            simulator.recording = plan
        }
        return simulator
    }

    /// The instrument that a section's symbol is served by: `btc_usd` of the indices by the perpetual.
    private static func instrument(of symbol: String, _ segment: SegmentID) -> String {
        guard segment.name == "index", segment.venue != Binance.id else { return symbol }
        return symbol.prefix { $0 != "_" }.uppercased() + "-PERPETUAL"
    }

    /// Points the venue's addresses of a configuration at a simulator.
    package static func redirect(_ configuration: inout Configuration, to endpoints: [SimulatorEndpoint]) {
        for endpoint in endpoints {
            let address = HostPort(host: endpoint.address, port: UInt16(clamping: endpoint.port))
            for (segment, _) in configuration.venues.segments where MarketSegment(segment.id) == endpoint.segment {
                configuration.venues[segment.id]?.websocket = Endpoint(scheme: .ws, address: address)
                configuration.venues[segment.id]?.rest = Endpoint(scheme: .http, address: address)
            }
            guard
                let venue = VenueCatalog.segments.first(where: { MarketSegment($0.id) == endpoint.segment })?.id.venue,
                VenueCatalog.venue(venue)?.archiveAddress != nil
            else { continue }
            configuration.history.addresses[venue] = Endpoint(scheme: .http, address: address, path: "/archive")
        }
    }
}

extension MarketSegment {
    /// The simulator's market of a section; nil for one that it does not serve.
    package init?(_ segment: SegmentID) {
        // Deribit's perpetuals feed its indices.
        let section = segment.name == "index" ? "perpetual" : segment.name
        let name = segment.venue == Binance.id ? section : "\(segment.venue)_\(section)"
        guard let market = MarketSegment(rawValue: name) else { return nil }
        self = market
    }
}

extension SimulatedSymbol {
    fileprivate func renamed(_ symbol: String) -> SimulatedSymbol {
        var copy = self
        copy.symbol = symbol
        return copy
    }
}
