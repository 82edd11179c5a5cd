import Resilience
import Synchronization
import Transport
import Venues

/// The venues' REST and archives.
extension Doctor {
    /// A clock that differs by more makes latencies useless.
    private static let clockDoubtful = Duration.milliseconds(250)
    /// A clock that differs by more is set wrong.
    private static let clockWrong = Duration.seconds(10)

    func requestProbes(_ tools: Tools) -> [Probe] {
        self.sections(by: \.rest).map { section in
            {
                let request = section.venue.timeRequest(in: section.segment)
                return await self.ask(section.venue, section.endpoint, request, section.names, tools)
            }
        }
    }

    private func ask(
        _ venue: any Venue, _ endpoint: Endpoint, _ asked: VenueRequest, _ names: String, _ tools: Tools
    ) async -> DoctorFinding {
        let subject = "\(names) \(endpoint)"
        var request = HTTPClientRequest(
            isSecure: endpoint.scheme.isEncrypted, host: endpoint.address.host, port: Int(endpoint.address.port),
            target: endpoint.path + asked.path)
        request.deadlines = self.deadlines
        request.maxBodyBytes = 1 << 20
        let name: String
        switch await self.look(up: endpoint.address.host, tools) {
        case .success(let found): name = found
        case .failure(let failure):
            return DoctorFinding(.requests, subject, .broken, failure.text, advice: failure.advice)
        }
        var answers: [Duration] = []
        var clock: (roundTrip: Duration, ahead: Duration)?
        var last: DoctorAttempt.Failure?
        for _ in 0..<self.settings.tries {
            let attempt = await self.attempt(request, venue, asked, tools)
            switch attempt {
            case .success(let answer):
                answers.append(answer.took)
                if let time = try? venue.serverTime(answer.body), answer.took < clock?.roundTrip ?? .seconds(3_600) {
                    // The answer was written in the middle of its way, as far as one can tell.
                    let ours = answer.endedMicroseconds - answer.took.microseconds / 2
                    let (theirs, overflow) = time.multipliedReportingOverflow(by: 1_000)
                    let (ahead, without) = theirs.subtractingReportingOverflow(ours)
                    if !overflow, !without { clock = (answer.took, .microseconds(ahead)) }
                }
            case .failure(let failure):
                last = failure
            }
            // Nothing changes by asking again who is not there.
            if last != nil, answers.isEmpty { break }
        }
        let latency = DoctorLatency(answers, tries: self.settings.tries)
        guard let latency else {
            let failure = last ?? DoctorAttempt.Failure("nothing was asked", advice: "ask with --tries 1 or more")
            return DoctorFinding(.requests, subject, .broken, failure.text, advice: failure.advice)
        }
        let first = "\(name)first answer after \(HumanNumber.duration(answers.first))"
        return self.judge(subject, first, latency, clock?.ahead, last)
    }

    private func judge(
        _ subject: String, _ text: String, _ latency: DoctorLatency, _ ahead: Duration?,
        _ failure: DoctorAttempt.Failure?
    ) -> DoctorFinding {
        var finding = DoctorFinding(
            .requests, subject, .ok, text, latency: latency, clockAhead: ahead)
        if let failure {
            finding.state = .warning
            finding.text += "; not always: \(failure.text)"
            finding.advice = failure.advice
        }
        guard let ahead else {
            finding.state = .warning
            finding.text += "; its time could not be read"
            finding.advice =
                finding.advice ?? "whatever answers there is not the venue: look at the address and at proxies"
            return finding
        }
        let difference = ahead < .zero ? .zero - ahead : ahead
        finding.text +=
            "; its clock is \(HumanNumber.duration(difference)) \(ahead < .zero ? "behind" : "ahead of") ours"
        // The way there and the way back may differ by the whole round trip.
        if difference > Self.clockWrong {
            finding.state = .broken
            finding.advice = "set this machine's clock: run chrony or systemd-timesyncd, see timedatectl"
        } else if difference > Self.clockDoubtful + latency.minimum {
            finding.state = .warning
            finding.advice =
                finding.advice ?? "latencies will be wrong by that: is the clock synchronised? see timedatectl"
        }
        return finding
    }

    /// Looks a name up, and says how many addresses it has; a proxy does that by itself.
    private func look(up host: String, _ tools: Tools) async -> Result<String, DoctorAttempt.Failure> {
        guard self.configuration.transport.proxy == nil else { return .success("") }
        let began = ContinuousClock.now
        let found = await withCheckedContinuation { continuation in
            tools.resolver.resolve(host: host, patience: self.settings.deadline) { continuation.resume(returning: $0) }
        }
        switch found {
        case .success(let addresses) where addresses == [host]: return .success("")
        case .success(let addresses):
            let took = HumanNumber.duration(ContinuousClock.now - began)
            return .success("\(addresses.count) address\(addresses.count == 1 ? "" : "es") in \(took), ")
        case .failure(let error):
            return .failure(
                DoctorAttempt.Failure(
                    "its name has no address (\(error))",
                    advice: "look at the spelling, at /etc/resolv.conf, and whether names resolve: getent hosts \(host)"
                ))
        }
    }

    /// Asks once, through the budgets and the breaker.
    private func attempt(
        _ request: HTTPClientRequest, _ venue: any Venue, _ asked: VenueRequest, _ tools: Tools
    ) async -> Result<DoctorAttempt.Answer, DoctorAttempt.Failure> {
        let core = CoreRequest<ContinuousClock>(
            host: "\(request.host):\(request.port)", endpoint: String(asked.path.prefix { $0 != "?" }),
            draws: self.draws(asked.costs, of: venue), priority: .polls,
            policy: RetryPolicy(attempts: 1, total: .seconds(30), closures: 0))
        do {
            let answer = try await RequestCore.process.run(core) {
                (_: Int) async throws(DoctorAttempt.Failure) -> DoctorAttempt.Answer in
                try await DoctorAttempt.get(request, venue, tools.client)
            }
            return .success(answer)
        } catch {
            return .failure(
                error.last
                    ?? DoctorAttempt.Failure(
                        "not asked: \(error.reason)",
                        advice: "the venue closed its limit to this address, or it is used up"))
        }
    }

    // MARK: - Archives

    func archiveProbes(_ tools: Tools) -> [Probe] {
        var probes: [Probe] = []
        guard self.configuration.history.archives else { return probes }
        for venue in self.configuration.venues.venues {
            let configured = self.configuration.history.addresses[venue.id].map { "\($0)" }
            guard let address = configured ?? venue.archiveAddress, var request = HTTPClientRequest(url: address) else {
                continue
            }
            request.method = .head
            request.deadlines = self.deadlines
            probes.append { [request] in
                await self.askArchive(request, "\(venue.id) \(address)", tools)
            }
        }
        return probes
    }

    /// Any answer will do: the base of an archive need not be a page.
    private func askArchive(_ request: HTTPClientRequest, _ subject: String, _ tools: Tools) async -> DoctorFinding {
        var answers: [Duration] = []
        for _ in 0..<self.settings.tries {
            let began = ContinuousClock.now
            do {
                _ = try await tools.client.get(request)
                answers.append(ContinuousClock.now - began)
            } catch {
                let failure = DoctorAttempt.Failure(error)
                return DoctorFinding(
                    .archives, subject, .warning, failure.text,
                    advice: "\(failure.advice ?? ""); live collecting goes on without archives")
            }
        }
        return DoctorFinding(
            .archives, subject, .ok, "answers", latency: DoctorLatency(answers, tries: self.settings.tries))
    }
}
