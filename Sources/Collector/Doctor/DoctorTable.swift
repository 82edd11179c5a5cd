import Observability

/// Draws what the doctor found: lines for people, one JSON document for programs.
package enum DoctorTable {
    package static func lines(_ report: DoctorReport) -> [String] {
        var lines: [String] = []
        for area in DoctorFinding.Area.allCases {
            let findings = report.findings.filter { $0.area == area }
            guard !findings.isEmpty else { continue }
            lines.append("\(area.rawValue):")
            for finding in findings {
                let state = TerminalText.fitted(finding.state.rawValue, to: 8)
                lines.append(
                    "  \(state) \(TerminalText.escaped(finding.subject))  \(TerminalText.escaped(finding.text))")
                if let latency = finding.latency { lines.append("           \(Self.text(latency))") }
                if let advice = finding.advice { lines.append("           -> \(TerminalText.escaped(advice))") }
            }
        }
        let counts = DoctorFinding.State.allCases.map { state in
            "\(report.findings.count { $0.state == state }) \(state.rawValue)"
        }
        return lines + [counts.joined(separator: ", ")]
    }

    private static func text(_ latency: DoctorLatency) -> String {
        let times = [
            ("least", latency.minimum), ("mean", latency.average), ("most", latency.maximum),
            ("jitter", latency.jitter),
        ]
        let words = times.map { "\($0.0) \(HumanNumber.duration($0.1))" }.joined(separator: ", ")
        return "\(latency.answered) of \(latency.tries) answered: \(words)"
    }

    /// Times in microseconds.
    package static func json(_ report: DoctorReport) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("broken", report.isBroken)
            writer.array("findings") { writer in
                for finding in report.findings { Self.write(finding, to: &writer) }
            }
        }
        return writer.text
    }

    private static func write(_ finding: DoctorFinding, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("area", finding.area.rawValue)
            writer.field("subject", finding.subject)
            writer.field("state", finding.state.rawValue)
            writer.field("text", finding.text)
            writer.field("advice", finding.advice)
            writer.field("clock_ahead_us", finding.clockAhead?.microseconds)
            guard let latency = finding.latency else { return }
            writer.object("latency") { writer in
                writer.field("tries", latency.tries)
                writer.field("answered", latency.answered)
                writer.field("min_us", latency.minimum.microseconds)
                writer.field("avg_us", latency.average.microseconds)
                writer.field("max_us", latency.maximum.microseconds)
                writer.field("jitter_us", latency.jitter.microseconds)
            }
        }
    }
}
