import Resilience
import Transport
import Venues

/// One request of a probe.
enum DoctorAttempt {
    struct Answer: Sendable {
        let body: [UInt8]
        let took: Duration
        /// By our clock, since 1970.
        let endedMicroseconds: Int64
    }

    /// Why there was none, and what to do about it.
    struct Failure: ClassifiedFailure, Sendable {
        let text: String
        let advice: String?
        var failureClass = FailureClass.noAnswer
        var recovery = Recovery.giveUp
        var mayHaveBeenSent = true

        var detail: String { self.text }

        init(_ text: String, advice: String?) {
            self.text = text
            self.advice = advice
        }

        init(_ error: HTTPClientError) {
            let text: String
            let advice: String
            switch error.kind {
            case .unreachable:
                text = "nobody accepts connections: \(error.detail)"
                advice = "look at address and port, firewalls, and transport.proxy where only a proxy leads out"
            case .timedOut(.connect):
                text = "no TCP connection within \(error.context)'s deadline: \(error.detail)"
                advice = "packets are dropped on the way: look at firewalls and routes, IPv6 among them"
            case .tls:
                text = "its certificate or TLS was refused: \(error.detail)"
                advice =
                    "is ca-certificates installed and the clock right? a proxy that opens TLS needs transport.ca_file"
            case .timedOut(.tls):
                text = "TCP stands, TLS does not answer: \(error.detail)"
                advice = "something on the way lets TLS hang: a proxy, a firewall, a wrong MTU"
            case .timedOut(let phase):
                text = "no answer in time (\(phase.rawValue)): \(error.detail)"
                advice = "the connection stands and is slow: look at loss and load, or move closer to the venue"
            case .closedEarly, .malformed, .tooLarge:
                text = "what answers speaks no HTTP as it should: \(error.detail)"
                advice = "look at address and scheme, http or https, and at proxies"
            case .cancelled, .refused:
                text = "not asked: \(error.detail)"
                advice = "look at the address"
            }
            self.init(text, advice: advice)
            self.mayHaveBeenSent = error.mayHaveBeenSent
        }
    }

    /// Asks once and takes the time of the request alone.
    static func get(
        _ request: HTTPClientRequest, _ venue: any Venue, _ client: HTTPClient
    ) async throws(Failure) -> Answer {
        let began = ContinuousClock.now
        let response: HTTPClientResponse
        do {
            response = try await client.get(request)
        } catch {
            throw Failure(error)
        }
        let took = ContinuousClock.now - began
        let ended = LoopClock.wallMicroseconds()
        let answer = VenueAnswer(
            status: response.status, body: response.body, nowMilliseconds: ended / 1_000,
            header: { response.header($0) })
        switch venue.verdict(on: answer) {
        case .success: return Answer(body: response.body, took: took, endedMicroseconds: ended)
        case .rateLimited(let delay):
            var failure = Failure(
                "HTTP \(response.status): the venue limits or bans this address",
                advice: "something here asks too much: stop it, wait, and lower limits.\(venue.id).use_percent")
            failure.failureClass = .rateLimited
            failure.recovery = .closeScope(for: delay)
            throw failure
        case .unavailable:
            var failure = Failure(
                "HTTP \(response.status): the venue fails",
                advice: "look at the venue's status page; it passes by itself")
            failure.failureClass = .unavailable
            throw failure
        case .refused:
            var failure = Failure(
                "HTTP \(response.status): the venue refuses",
                advice: "it may not serve this country or network, or the address is another host's")
            failure.failureClass = .refused
            throw failure
        }
    }
}
