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
        for (segment, configured) in service.venues.binance.segments {
            let known = SimulatedSymbol.standard(segment.simulated)
            let symbols = configured.symbols.map { symbol in
                known.first { $0.symbol == symbol } ?? SimulatedSymbol.many(1, segment.simulated)[0].renamed(symbol)
            }
            simulator.symbols[segment.simulated] = symbols
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
            guard let segment = BinanceSegment.allCases.first(where: { $0.simulated == endpoint.segment }) else {
                continue
            }
            let address = HostPort(host: endpoint.address, port: UInt16(clamping: endpoint.port))
            configuration.venues.binance[segment]?.websocket = Endpoint(scheme: .ws, address: address)
            configuration.venues.binance[segment]?.rest = Endpoint(scheme: .http, address: address)
        }
    }
}

extension BinanceSegment {
    /// The simulator's name of the segment.
    package var simulated: MarketSegment {
        switch self {
        case .spot: .spot
        case .usdm: .usdm
        case .coinm: .coinm
        }
    }
}

extension SimulatedSymbol {
    fileprivate func renamed(_ symbol: String) -> SimulatedSymbol {
        var copy = self
        copy.symbol = symbol
        return copy
    }
}
