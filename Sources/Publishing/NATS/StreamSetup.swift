import CNATS

/// Creates or checks streams; blocks, each request up to two seconds.
final class StreamSetup {
    let context: OpaquePointer
    /// The context uses the connection, which must outlive it.
    private let connection: NATSConnection

    init(_ connection: NATSConnection) throws(NATSError) {
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = 2000
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, connection.handle, &options), "JetStream")
        guard let context else { throw NATSError(NATS_NO_MEMORY, "JetStream") }
        self.context = context
        self.connection = connection
    }

    deinit { jsCtx_Destroy(self.context) }

    /// Whether the server and the account have JetStream; a server too busy to answer counts as one that has.
    func hasJetStream() -> Bool {
        var info: UnsafeMutablePointer<jsAccountInfo>?
        var code = jsErrCode(rawValue: 0)
        let status = js_GetAccountInfo(&info, self.context, nil, &code)
        jsAccountInfo_Destroy(info)
        return status != NATS_NO_RESPONDERS && code != JSNotEnabledErr && code != JSNotEnabledForAccountErr
    }

    /// Makes sure that somebody stores the subjects of `wanted`, and says what was found.
    func ensure(_ wanted: StreamSpecification, adopt: Bool) -> StreamReport {
        do throws(NATSError) {
            guard let found = try self.find(wanted.name) else { return try self.create(wanted) }
            let differences = Self.differences(wanted, found)
            if differences.isEmpty { return Self.report(wanted, .asExpected) }
            guard adopt else { return Self.report(wanted, .differs(differences)) }
            try check(self.submit(wanted, js_UpdateStream), "changing stream \(wanted.name)")
            return Self.report(wanted, .adopted(differences))
        } catch {
            return Self.report(wanted, .failed(error.description))
        }
    }

    /// The names of the streams that own `subject`; none also when the server does not answer.
    func knownOwners(of subject: String) -> [String] { (try? self.owners(of: subject)) ?? [] }

    /// The names of the streams that own `subject`.
    func owners(of subject: String) throws(NATSError) -> [String] {
        var names: UnsafeMutablePointer<jsStreamNamesList>?
        defer { jsStreamNamesList_Destroy(names) }
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = 2000
        let status = subject.withCString { filter in
            options.Stream.Info.SubjectsFilter = filter
            return js_StreamNames(&names, self.context, &options, nil)
        }
        if status == NATS_NOT_FOUND { return [] }
        try check(status, "looking for the streams of \(subject)")
        guard let list = names?.pointee else { return [] }
        return (0..<Int(list.Count)).compactMap { list.List[$0].map { String(cString: $0) } }
    }

    /// How many messages on `subject` a stream holds.
    func messageCount(_ stream: String, subject: String) throws(NATSError) -> Int {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = 2000
        let status = subject.withCString { filter in
            options.Stream.Info.SubjectsFilter = filter
            return js_GetStreamInfo(&info, self.context, stream, &options, nil)
        }
        try check(status, "looking into stream \(stream)")
        guard let subjects = info?.pointee.State.Subjects?.pointee else { return 0 }
        return (0..<Int(subjects.Count)).reduce(0) { $0 + Int(clamping: subjects.List[$1].Msgs) }
    }

    func find(_ name: String) throws(NATSError) -> StreamSpecification? {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        var code = jsErrCode(rawValue: 0)
        let status = js_GetStreamInfo(&info, self.context, name, nil, &code)
        if status == NATS_NOT_FOUND || code == JSStreamNotFoundErr { return nil }
        try check(status, "looking for stream \(name)")
        guard let found = info?.pointee.Config?.pointee else { return nil }
        let subjects = (0..<Int(found.SubjectsLen)).compactMap { found.Subjects[$0].map { String(cString: $0) } }
        var stream = StreamSpecification(name: name, subjects: subjects)
        stream.storage = found.Storage == js_MemoryStorage ? .memory : .file
        stream.maxBytes = found.MaxBytes > 0 ? found.MaxBytes : nil
        stream.maxAge = found.MaxAge > 0 ? .nanoseconds(found.MaxAge) : nil
        stream.maxMessagesPerSubject = found.MaxMsgsPerSubject > 0 ? found.MaxMsgsPerSubject : nil
        stream.replicas = found.Replicas
        stream.dedupeWindow = .nanoseconds(found.Duplicates)
        stream.discard = found.Discard == js_DiscardNew ? .newest : .oldest
        return stream
    }

    /// Creates the stream with those of its subjects that no other stream owns.
    private func create(_ wanted: StreamSpecification) throws(NATSError) -> StreamReport {
        var mine = wanted
        var others: [String: String] = [:]
        for subject in wanted.subjects {
            let owners = self.knownOwners(of: subject)
            if !owners.isEmpty { others[subject] = owners.joined(separator: ",") }
        }
        mine.subjects.removeAll { others[$0] != nil }
        guard !mine.subjects.isEmpty else { return Self.report(wanted, .asExpected, others) }
        try check(self.submit(mine, js_AddStream), "creating stream \(wanted.name)")
        return Self.report(wanted, .created, others)
    }

    private typealias Request = (
        UnsafeMutablePointer<UnsafeMutablePointer<jsStreamInfo>?>?, OpaquePointer?,
        UnsafeMutablePointer<jsStreamConfig>?, UnsafeMutablePointer<jsOptions>?, UnsafeMutablePointer<jsErrCode>?
    ) -> natsStatus

    private func submit(_ stream: StreamSpecification, _ request: Request) -> natsStatus {
        stream.name.withCString { name in
            withCStrings(stream.subjects) { subjects in
                var config = jsStreamConfig()
                jsStreamConfig_Init(&config)
                config.Name = name
                config.Subjects = subjects.baseAddress
                config.SubjectsLen = Int32(clamping: subjects.count)
                config.Storage = stream.storage == .memory ? js_MemoryStorage : js_FileStorage
                config.MaxBytes = stream.maxBytes ?? -1
                config.MaxAge = stream.maxAge?.wholeNanoseconds ?? 0
                config.MaxMsgsPerSubject = stream.maxMessagesPerSubject ?? -1
                config.Replicas = stream.replicas
                config.Duplicates = stream.dedupeWindow.wholeNanoseconds
                config.Discard = stream.discard == .newest ? js_DiscardNew : js_DiscardOld
                return request(nil, self.context, &config, nil, nil)
            }
        }
    }

    private static func report(
        _ stream: StreamSpecification, _ outcome: StreamReport.Outcome, _ others: [String: String] = [:]
    ) -> StreamReport {
        StreamReport(name: stream.name, outcome: outcome, otherOwners: others)
    }

    static func differences(
        _ wanted: StreamSpecification, _ found: StreamSpecification
    ) -> [StreamReport.Difference] {
        func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "unlimited" }
        let settings = [
            (
                "subjects", wanted.subjects.sorted().joined(separator: " "),
                found.subjects.sorted().joined(separator: " ")
            ),
            ("storage", wanted.storage.rawValue, found.storage.rawValue),
            ("max_bytes", text(wanted.maxBytes), text(found.maxBytes)),
            ("max_age", text(wanted.maxAge), text(found.maxAge)),
            ("max_msgs_per_subject", text(wanted.maxMessagesPerSubject), text(found.maxMessagesPerSubject)),
            ("replicas", text(wanted.replicas), text(found.replicas)),
            ("duplicate_window", text(wanted.dedupeWindow), text(found.dedupeWindow)),
            ("discard", wanted.discard.rawValue, found.discard.rawValue),
        ]
        return settings.filter { $0.1 != $0.2 }.map { .init(setting: $0.0, expected: $0.1, found: $0.2) }
    }
}
