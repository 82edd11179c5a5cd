import Resilience
import Transport
import Venues

/// The venues' WebSockets.
extension Doctor {
    /// How long a try waits for the venue's budget of connections.
    private static let budgetWait = Duration.seconds(10)

    func streamProbes(_ tools: Tools) -> [Probe] {
        // What only rules name is not known before the venue's list is there: any symbol shows whether connections open.
        var configuration = self.configuration
        for (segment, settings) in configuration.venues.segments where settings.symbols.isEmpty {
            configuration.venues[segment.id]?.symbols = [segment.exampleSymbol]
        }
        let planned = CollectionPlan(configuration).connections
        var seen: Set<Endpoint> = []
        var probes: [Probe] = []
        for connection in planned {
            guard let venue = VenueCatalog.venue(connection.segment.venue),
                let segment = VenueCatalog.segment(connection.segment)
            else { continue }
            for endpoint in connection.endpoints where seen.insert(endpoint).inserted {
                probes.append { await self.open(venue, segment, endpoint, tools) }
            }
        }
        // What has no stream of a symbol.
        for section in self.sections(by: \.websocket)
        where !seen.contains(where: { $0.address == section.endpoint.address }) {
            probes.append { await self.open(section.venue, section.segment, section.endpoint, tools) }
        }
        return probes
    }

    private func open(
        _ venue: any Venue, _ segment: VenueSegment, _ endpoint: Endpoint, _ tools: Tools
    ) async -> DoctorFinding {
        let subject = "\(venue.id) \(segment.id.name) \(endpoint)"
        var target = WebSocketEndpoint(
            isSecure: endpoint.scheme.isEncrypted, host: endpoint.address.host, port: endpoint.address.port,
            path: endpoint.path)
        target.caFile = self.configuration.transport.caFile
        target.proxy = self.configuration.transport.proxy.map { "\($0)" }
        var limits = WebSocketLimits()
        limits.connectDeadline = self.settings.deadline
        limits.tlsDeadline = self.settings.deadline
        limits.upgradeDeadline = self.settings.deadline
        limits.closeDeadline = .seconds(1)
        let cost = VenueRequest.Cost(venue.connectScope(of: segment), 1)
        var answers: [Duration] = []
        for _ in 0..<self.settings.tries {
            guard let permit = await self.permit(self.draws([cost], of: venue)) else {
                let text = answers.isEmpty ? "not tried: the venue's budget of connections is used up" : "opens"
                return DoctorFinding(
                    .streams, subject, answers.isEmpty ? .skipped : .ok, text,
                    latency: DoctorLatency(answers, tries: self.settings.tries))
            }
            switch await WebSocketProbe.open(target, limits: limits, on: tools.loop, resolver: tools.resolver) {
            case .success(let time): answers.append(time)
            case .failure(let reason):
                if reason.kind.leftVenueUntouched { permit.giveBack() }
                return DoctorFinding(
                    .streams, subject, answers.isEmpty ? .broken : .warning,
                    answers.isEmpty ? Self.text(reason) : "opens, but not always: \(Self.text(reason))",
                    advice: Self.advice(reason.kind),
                    latency: DoctorLatency(answers, tries: self.settings.tries))
            }
        }
        return DoctorFinding(
            .streams, subject, .ok, "opens", latency: DoctorLatency(answers, tries: self.settings.tries))
    }

    private func permit(_ draws: [RateDraw<ContinuousClock>]) async -> PermitSet<ContinuousClock>? {
        guard !draws.isEmpty else { return nil }
        let permit = try? await PermitSet.acquire(draws, priority: .polls, waitLimit: Self.budgetWait)
        return permit?.send() == true ? permit : nil
    }

    private static func text(_ reason: DisconnectReason) -> String {
        let status = reason.httpStatus.map { ", HTTP \($0)" } ?? ""
        let detail = reason.detail.isEmpty ? "" : ": \(reason.detail)"
        return "\(reason.kind.rawValue)\(status)\(detail)"
    }

    private static func advice(_ kind: DisconnectReason.Kind) -> String {
        switch kind {
        case .resolveFailed, .resolveTimedOut:
            "its name has no address: look at the spelling and at /etc/resolv.conf"
        case .connectFailed, .connectTimedOut:
            "nobody accepts connections: look at address and port, firewalls, transport.proxy"
        case .tlsFailed, .tlsTimedOut:
            "is ca-certificates installed and the clock right? a proxy that opens TLS needs transport.ca_file"
        case .upgradeRefused, .upgradeTimedOut:
            "it answers, but no WebSocket: look at the path, at proxies, and whether the venue serves this network"
        case .closedByPeer, .connectionLost, .pongTimedOut, .frameTooLarge, .messageTooLarge, .invalidUTF8,
            .invalidCompression, .protocolViolation, .replaced, .rotated, .rotationGivenUp, .stopped:
            "the connection does not hold: look at proxies and loss on the way"
        }
    }
}
