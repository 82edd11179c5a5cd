import Publishing

/// The server and its streams.
extension Doctor {
    func natsFindings() async -> [DoctorFinding] {
        var embedded: String?
        if self.configuration.usesEmbeddedServer {
            let port = self.configuration.nats.embedded.port
            guard port != 0 else {
                return [
                    DoctorFinding(.nats, "nats-server", .skipped, "the collector starts one of its own, on any port")
                ]
            }
            embedded = "nats://127.0.0.1:\(port)"
        }
        let publisher = self.configuration.publisherConfiguration(embedded: embedded)
        var connection = publisher.connection
        connection.name += " doctor"
        connection.connectTimeout = self.settings.deadline
        let subject = connection.addresses.joined(separator: ", ")
        let history = self.configuration.historyPublisherConfiguration(embedded: embedded, boot: "doctor").stream
        switch await NATSInspection.make(
            connection, streams: publisher.streams + [history], tries: self.settings.tries)
        {
        case .success(let inspection):
            // Who never fetches what was before needs no stream for it.
            let streams = inspection.streams.filter {
                $0.name != history.name || $0.found != nil || self.configuration.history.enabled
            }
            return [self.server(inspection, subject)]
                + streams.map { self.stream($0, adopts: publisher.adoptsStreams, isKept: $0.name == history.name) }
        case .failure(let error):
            if embedded != nil {
                return [
                    DoctorFinding(
                        .nats, subject, .skipped,
                        "the collector's own server does not run; it starts with the collector")
                ]
            }
            return [
                DoctorFinding(.nats, subject, .broken, error.description, advice: Self.advice(error.kind))
            ]
        }
    }

    private func server(_ inspection: NATSInspection, _ subject: String) -> DoctorFinding {
        var finding = DoctorFinding(
            .nats, subject, .ok, "answers at \(inspection.url)",
            latency: DoctorLatency(inspection.roundTrips, tries: self.settings.tries))
        guard inspection.hasJetStream else {
            finding.state = .broken
            finding.text += ", without JetStream"
            finding.advice = "start nats-server with -js, or enable JetStream for this account"
            return finding
        }
        let stored = HumanNumber.bytes(ByteSize(Int(clamping: inspection.storedBytes)))
        guard let limit = inspection.storeLimit else {
            finding.text += ", \(stored) stored"
            return finding
        }
        finding.text += ", \(stored) of \(HumanNumber.bytes(ByteSize(Int(clamping: limit)))) stored"
        if Double(inspection.storedBytes) > 0.95 * Double(limit) {
            finding.state = .warning
            finding.advice = "the account's files are nearly full: raise its limit, or lower max_bytes of the streams"
        }
        return finding
    }

    /// - Parameter isKept: Whether it refuses what passes its limit, in place of dropping what is old.
    private func stream(_ stream: NATSInspection.Stream, adopts: Bool, isKept: Bool) -> DoctorFinding {
        let subject = "stream \(stream.name)"
        guard let found = stream.found else {
            return DoctorFinding(.nats, subject, .ok, "not there yet; the collector makes it")
        }
        let bytes = HumanNumber.bytes(ByteSize(Int(clamping: stream.bytes)))
        let most = found.maxBytes.map { " of \(HumanNumber.bytes(ByteSize(Int(clamping: $0))))" } ?? ""
        let text = "\(stream.messages) messages, \(bytes)\(most)"
        if isKept, let most = found.maxBytes, most > 0, Double(stream.bytes) > 0.95 * Double(most) {
            return DoctorFinding(
                .nats, subject, .warning, "\(text): it is nearly full, and jobs of history will pause",
                advice:
                    "raise its max_bytes (nats.streams.history, with nats.streams.adopt: true), or purge what is read")
        }
        guard !stream.differences.isEmpty else { return DoctorFinding(.nats, subject, .ok, text) }
        let differences = stream.differences.map { "\($0.setting) is \($0.found), configured \($0.expected)" }
        return DoctorFinding(
            .nats, subject, .warning, "\(text); \(differences.joined(separator: "; "))",
            advice: adopts
                ? "the collector changes it at its next start"
                : "change the stream, the configuration, or set nats.streams.adopt: true")
    }

    private static func advice(_ kind: NATSError.Kind) -> String {
        switch kind {
        case .unreachable: "is nats-server running and the address right? what all counts goes to the spool meanwhile"
        case .unauthorized: "look at nats.user, token or credentials_file, and at the account's permissions"
        case .tls: "look at nats.tls: its authorities, its certificate, and tls:// in the address"
        case .configuration: "look at nats.servers and the files it names"
        case .unsupported: "start nats-server with -js"
        case .other: "look at the server's log"
        }
    }
}
