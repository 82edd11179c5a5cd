import ArgumentParser
import Collector

/// Where rows of the past go.
struct BackfillOutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "nats for the stream HISTORY; files:csv:<folder> or files:jsonl:<folder> for compressed files.",
            valueName: "place"))
    var output: String = "nats"

    /// As the coverage is kept by.
    func name() throws(HistoryOrder.Problem) -> String { try HistoryOutputs.name(of: self.output) }
}
