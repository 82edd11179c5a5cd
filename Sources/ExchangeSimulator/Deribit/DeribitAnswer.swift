internal import Transport

/// Why a method was not done.
struct DeribitError: Error, Equatable {
    let code: Int
    let message: String

    static let tooManyRequests = Self(code: 10028, message: "too_many_requests")
    static let rawNeedsLogin = Self(code: 13778, message: "raw_subscriptions_not_available_for_unauthorized")
    static let unknownInstrument = Self(code: 13020, message: "instrument_not_found")
    static let badRequest = Self(code: 11050, message: "bad_request")
    static let invalidParameters = Self(code: -32602, message: "Invalid params")
    static let unknownMethod = Self(code: -32601, message: "Method not found")
    static let unreadable = Self(code: -32700, message: "Parse error")
    static let unavailable = Self(code: 13503, message: "unavailable")
}

/// The envelope of JSON-RPC around results and errors.
enum DeribitAnswer {
    /// - Parameter id: As asked; none for a request without one.
    static func write(_ id: CommandID?, _ result: Result<[UInt8], DeribitError>) -> [UInt8] {
        let now = LoopClock.wallMicroseconds()
        var text: [UInt8] = []
        text.write("{\"jsonrpc\":\"2.0\",")
        if let id {
            text.write("\"id\":")
            id.write(into: &text)
            text.write(",")
        }
        switch result {
        case .success(let body):
            text.write("\"result\":")
            text.append(contentsOf: body)
        case .failure(let error):
            text.write("\"error\":{\"code\":\(error.code),\"message\":")
            text.write(quoted: error.message)
            text.write("}")
        }
        text.write(",\"usIn\":\(now - 290),\"usOut\":\(now),\"usDiff\":290,\"testnet\":false}")
        return text
    }
}
