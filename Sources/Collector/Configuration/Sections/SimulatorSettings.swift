/// The simulated exchange that stands in for the venues.
package struct SimulatorSettings: Hashable, Sendable {
    package var seed = 1
    package var rate = 500
    package var recording: String?
    package var pace = 1.0
    package var pastDays = 92
    package var pastTrades = 5_000

    package init() {}

    static var fields: [SettingField<SimulatorSettings>] {
        [
            .value("seed", \.seed, .integer(0...Int(Int32.max)), "The same seed gives the same market."),
            .value("rate", \.rate, .integer(1...2_000_000), "Messages a second, all symbols together."),
            .optional("recording", \.recording, .path, "Play this recording instead (.ndjson or .ndjson.gz)."),
            .value("pace", \.pace, .factor(0.01...1_000), "How many times faster than recorded."),
            .value("past_days", \.pastDays, .integer(0...2_500), "Days of the past that can be asked for."),
            .value(
                "past_trades", \.pastTrades, .integer(8...1_000_000), "Trades of each symbol on a day of the past."),
        ]
    }
}
