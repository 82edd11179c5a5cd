import ArgumentParser
import Collector
import ExchangeSimulator
import Venues

/// Serves a simulated exchange until it is told to stop.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = SimulateOptions.command

    @OptionGroup var options: SimulateOptions

    func run() async throws {
        var simulator = SimulatorConfiguration()
        simulator.seed = self.options.seed
        var count = 0
        var offset = -1
        var last: SimulatedVenue?
        for segment in MarketSegment.allCases {
            // Binance has a host for each section, the others one for all of theirs.
            if segment.venue == .binance || segment.venue != last { offset += 1 }
            last = segment.venue
            let symbols =
                self.options.symbols <= 2
                ? Array(SimulatedSymbol.standard(segment).prefix(self.options.symbols))
                : SimulatedSymbol.many(self.options.symbols, segment)
            simulator.symbols[segment] = symbols
            count += symbols.count
            if self.options.port != 0 { simulator.ports[segment] = Int(self.options.port) + offset }
        }
        simulator.stepsPerSecond = Double(self.options.rate) / Double(max(count, 1))
        if self.options.port != 0 { simulator.archivePort = Int(self.options.port) + offset + 1 }
        simulator.past.days = self.options.pastDays
        simulator.past.tradesPerDay = self.options.pastTrades
        simulator.past.keepsRetention = !self.options.keepsAll
        simulator.limits.spotWeight = self.options.spotWeight
        if let path = self.options.recording {
            var plan = RecordingPlan(path: path)
            plan.pace = .times(self.options.pace)
            simulator.recording = plan
        }
        let exchange = SimulatedExchange(configuration: simulator)
        do throws(SimulatorError) {
            for endpoint in try await exchange.start() {
                print("\(endpoint.segment.rawValue) \(endpoint.webSocketURL) \(endpoint.restURL)")
            }
            if let url = exchange.archiveURL { print("archive \(url)") }
        } catch {
            StandardError.write("sluice: the simulator cannot start: \(error)\n")
            throw ExitStatus.unavailable
        }
        StandardOutput.flush()
        await StopSignal.wait(atMost: self.options.duration?.duration)
        await exchange.stop()
    }
}
