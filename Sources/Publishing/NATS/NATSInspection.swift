import CNATS
import Synchronization

/// What a server and its streams look like to somebody who changes nothing.
package struct NATSInspection: Sendable {
    package struct Stream: Sendable {
        package let name: String
        /// Nil where there is none of the name.
        package var found: StreamSpecification?
        package var differences: [StreamReport.Difference] = []
        package var messages: UInt64 = 0
        package var bytes: UInt64 = 0
    }

    package var url = ""
    /// A ping's way there and back, in the order of the tries.
    package var roundTrips: [Duration] = []
    package var hasJetStream = false
    /// What the account stores in files, and may.
    package var storedBytes: UInt64 = 0
    package var storeLimit: Int64?
    package var streams: [Stream] = []

    /// Looks, on a thread of its own; each request has two seconds at most.
    package static func make(
        _ options: NATSConnectionOptions, streams: [StreamSpecification], tries: Int
    ) async -> Result<NATSInspection, NATSError> {
        await withCheckedContinuation { continuation in
            let thread = NativeThread(name: "nats-inspection") {
                let result: Result<NATSInspection, NATSError>
                do throws(NATSError) {
                    result = .success(try Self.look(options, streams, tries))
                } catch {
                    result = .failure(error)
                }
                nats_ReleaseThreadMemory()
                continuation.resume(returning: result)
            }
            guard let thread else {
                let error = NATSError(kind: .other, context: "connecting to NATS", text: "no thread left")
                return continuation.resume(returning: .failure(error))
            }
            thread.detach()
        }
    }

    private static func look(
        _ options: NATSConnectionOptions, _ streams: [StreamSpecification], _ tries: Int
    ) throws(NATSError) -> NATSInspection {
        let connection = try NATSConnection(
            options, signals: ConnectionSignals(waker: PublisherWaker()), pendingAnswers: 1)
        var inspection = NATSInspection()
        inspection.url = connection.url
        for _ in 0..<tries {
            var nanoseconds: Int64 = 0
            try check(natsConnection_GetRTT(connection.handle, &nanoseconds), "pinging NATS")
            inspection.roundTrips.append(.nanoseconds(nanoseconds))
        }
        let setup = try StreamSetup(connection)
        inspection.hasJetStream = setup.hasJetStream()
        guard inspection.hasJetStream else { return inspection }
        (inspection.storedBytes, inspection.storeLimit) = try setup.account()
        for wanted in streams { inspection.streams.append(try setup.look(at: wanted)) }
        return inspection
    }
}

extension StreamSetup {
    /// What the account stores in files, and may; nil where that is not limited.
    func account() throws(NATSError) -> (stored: UInt64, limit: Int64?) {
        var info: UnsafeMutablePointer<jsAccountInfo>?
        defer { jsAccountInfo_Destroy(info) }
        try check(js_GetAccountInfo(&info, self.context, nil, nil), "looking into the account")
        guard let info = info?.pointee else { return (0, nil) }
        return (info.Store, info.Limits.MaxStore > 0 ? info.Limits.MaxStore : nil)
    }

    /// What there is of a stream.
    func look(at wanted: StreamSpecification) throws(NATSError) -> NATSInspection.Stream {
        var stream = NATSInspection.Stream(name: wanted.name)
        guard let found = try self.find(wanted.name) else { return stream }
        stream.found = found
        stream.differences = Self.differences(wanted, found)
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        try check(js_GetStreamInfo(&info, self.context, wanted.name, nil, nil), "looking into stream \(wanted.name)")
        if let state = info?.pointee.State { (stream.messages, stream.bytes) = (state.Msgs, state.Bytes) }
        return stream
    }
}
