package import Foundation

/// A `heartbeat` message as a reader gets it; what later versions add is passed over.
package struct HeartbeatMessage: Decodable, Sendable, Equatable {
    package let v: Int
    package let type: String
    package let instance: String
    package let boot: String
    package let receivedMicroseconds: Int64
    package let uptimeMicroseconds: Int64
    package let periodMicroseconds: Int64
    /// Since the start; nil of a collector that audits no books.
    package let auditsCompared: UInt64?
    package let auditsMismatched: UInt64?

    private enum CodingKeys: String, CodingKey {
        case v, type, instance, boot
        case receivedMicroseconds = "received_us"
        case uptimeMicroseconds = "uptime_us"
        case periodMicroseconds = "period_us"
        case auditsCompared = "audits_compared"
        case auditsMismatched = "audits_mismatched"
    }

    /// Reads one; nil for anything but a `heartbeat` of schema version 1.
    package init?(payload: some DataProtocol) {
        guard payload.count <= GapMessage.limit,
            let message = try? JSONDecoder().decode(Self.self, from: Data(payload)), message.v == 1,
            message.type == "heartbeat"
        else { return nil }
        self = message
    }
}

/// A `status` message as a reader gets it.
package struct StatusMessage: Decodable, Sendable, Equatable {
    package let v: Int
    package let type: String
    package let instance: String
    package let boot: String
    package let receivedMicroseconds: Int64
    package let scope: String
    package let name: String
    package let state: String

    private enum CodingKeys: String, CodingKey {
        case v, type, instance, boot
        case receivedMicroseconds = "received_us"
        case scope, name, state
    }

    /// Reads one; nil for anything but a `status` of schema version 1.
    package init?(payload: some DataProtocol) {
        guard payload.count <= GapMessage.limit,
            let message = try? JSONDecoder().decode(Self.self, from: Data(payload)), message.v == 1,
            message.type == "status"
        else { return nil }
        self = message
    }
}
