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
        var count = 0
        for (segment, configured) in service.venues.segments {
            guard let simulated = MarketSegment(segment.id) else { continue }
            let known = SimulatedSymbol.standard(simulated)
            let symbols = configured.symbols.map { symbol in
                known.first { $0.symbol == symbol } ?? SimulatedSymbol.many(1, simulated)[0].renamed(symbol)
            }
            simulator.symbols[simulated] = symbols
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

    /// Points the venue's addresses of a configuration at a simulator.
    package static func redirect(_ configuration: inout Configuration, to endpoints: [SimulatorEndpoint]) {
        for endpoint in endpoints {
            let address = HostPort(host: endpoint.address, port: UInt16(clamping: endpoint.port))
            for (segment, _) in configuration.venues.segments where MarketSegment(segment.id) == endpoint.segment {
                configuration.venues[segment.id]?.websocket = Endpoint(scheme: .ws, address: address)
                configuration.venues[segment.id]?.rest = Endpoint(scheme: .http, address: address)
            }
        }
    }
}

extension MarketSegment {
    /// The simulator's market of a section; nil for one that it does not serve.
    package init?(_ segment: SegmentID) {
        guard segment.venue == Binance.id, let market = MarketSegment(rawValue: segment.name) else { return nil }
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
