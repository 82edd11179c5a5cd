import Glibc
import OrderBook
package import Publishing
import Transport

extension Configuration {
    /// How the books are kept.
    var bookSettings: BookSettings {
        var settings = BookSettings(
            depth: self.books.depth, retain: self.books.retain, refreshBelow: self.books.refreshThreshold)
        settings.snapshotIntervalMicroseconds = self.books.snapshotInterval.microseconds
        settings.idleIntervalMicroseconds = self.books.idleInterval.microseconds
        settings.crossedForMicroseconds = self.books.crossedFor.microseconds
        settings.kept = KeptUpdates.Limits(frames: self.books.bufferFrames, bytes: self.books.bufferBytes.bytes)
        return settings
    }

    /// How messages reach NATS.
    ///
    /// - Parameter embedded: The address of the server that runs as our child, if one does.
    func publisherConfiguration(embedded: String?) -> PublisherConfiguration {
        let settings = self.nats
        let addresses = embedded.map { [$0] } ?? settings.servers.map { "\($0)" }
        var connection = NATSConnectionOptions(addresses: addresses)
        connection.name = "sluice \(self.instance)"
        connection.writeDeadline = settings.writeDeadline
        // Our own server is on loopback and knows no users.
        if embedded == nil { self.secure(&connection) }
        var result = PublisherConfiguration(connection: connection)
        result.streams = self.streamSpecifications
        result.adoptsStreams = settings.streams.adopt
        result.windowMessages = settings.windowMessages
        result.windowBytes = settings.windowBytes.bytes
        result.acknowledgementTimeout = settings.acknowledgeTimeout
        result.fenceMessages = settings.fenceMessages
        result.fenceInterval = settings.fenceInterval
        result.spool = self.spoolConfiguration
        result.spillAfter = self.spool.spillAfter
        return result
    }

    /// How this process shares its address with others; nil where it does not.
    func sharedBudgetSettings(embedded: String?, boot: String) -> SharedBudget.Settings? {
        guard self.limits.shared.enabled else { return nil }
        var connection = self.publisherConfiguration(embedded: embedded).connection
        connection.name += " budget"
        return SharedBudget.Settings(
            connection: connection, bucket: self.limits.shared.bucket,
            id: "\(self.instance)-\(boot)-\(UInt32.random(in: .min ... .max))", member: self.limits.shared.member)
    }

    private var spoolConfiguration: SpoolConfiguration? {
        guard self.spool.enabled else { return nil }
        let sync: SpoolSync =
            switch self.spool.sync {
            case .never: .never
            case .interval: .interval(self.spool.syncInterval)
            case .always: .always
            }
        return SpoolConfiguration(
            directory: self.spool.directory ?? self.stateDirectory + "/spool", bytes: self.spool.bytes.bytes,
            maxAge: self.spool.maxAge, sync: sync)
    }

    private func secure(_ connection: inout NATSConnectionOptions) {
        let settings = self.nats
        if let file = settings.credentialsFile {
            connection.credentials = .file(file)
        } else if let token = settings.token {
            connection.credentials = .token(token.revealed)
        } else if let user = settings.user {
            connection.credentials = .user(user, password: settings.password?.revealed ?? "")
        }
        if settings.tls != TLSSettings() {
            var tls = NATSConnectionOptions.TLS()
            tls.authorityFile = settings.tls.caFile
            tls.certificateFile = settings.tls.certificateFile
            tls.keyFile = settings.tls.keyFile
            connection.tls = tls
        }
    }

    private var streamSpecifications: [StreamSpecification] {
        StreamSpecification.standard(Subjects(prefix: self.nats.prefix)) { stream in
            let settings =
                switch stream.name {
                case "LAST": self.nats.streams.last
                case "GAPS": self.nats.streams.gaps
                default: self.nats.streams.marketData
                }
            settings.put(into: &stream)
        }
    }

    /// How history reaches NATS: over a connection of its own.
    ///
    /// - Parameter embedded: The address of the server that runs as our child, if one does.
    package func historyPublisherConfiguration(embedded: String?, boot: String) -> HistoryPublisherConfiguration {
        let live = self.publisherConfiguration(embedded: embedded)
        let subjects = Subjects(prefix: self.nats.prefix)
        var stream = StreamSpecification.history(subjects)
        self.nats.streams.history.put(into: &stream)
        var result = HistoryPublisherConfiguration(
            connection: live.connection, subjects: subjects, instance: self.instance, boot: boot, stream: stream)
        result.adoptsStreams = live.adoptsStreams
        result.windowMessages = min(live.windowMessages, result.windowMessages)
        result.acknowledgementTimeout = live.acknowledgementTimeout
        // What is sent again must come while the stream knows its id.
        result.patience = min(result.patience, stream.dedupeWindow / 4)
        return result
    }
}

extension StreamSettings {
    /// Puts the limits into what the stream should be.
    fileprivate func put(into stream: inout StreamSpecification) {
        stream.name = self.name
        stream.maxBytes = Int64(self.maxBytes.bytes)
        stream.maxAge = self.maxAge > .zero ? self.maxAge : nil
        stream.replicas = Int64(self.replicas)
        stream.storage = self.storage == .memory ? .memory : .file
        stream.dedupeWindow = self.duplicateWindow
    }
}

extension Configuration {
    /// How a connection is opened, kept and replaced.
    func slotOptions(_ plan: CollectionPlan.Connection, number: UInt32) -> ConnectionSlotOptions {
        let endpoints = plan.endpoints.map { planned in
            var endpoint = WebSocketEndpoint(
                isSecure: planned.scheme.isEncrypted, host: planned.address.host, port: planned.address.port,
                path: planned.path)
            endpoint.caFile = self.transport.caFile
            endpoint.proxy = self.transport.proxy.map { "\($0)" }
            endpoint.offersDeflate = self.transport.deflate
            return endpoint
        }
        var options = ConnectionSlotOptions(number: number, endpoints: endpoints)
        options.limits.frameBytes = self.transport.maxMessage.bytes
        options.limits.messageBytes = self.transport.maxMessage.bytes
        options.limits.connectDeadline = self.transport.connectTimeout
        options.limits.tlsDeadline = self.transport.tlsTimeout
        options.limits.upgradeDeadline = self.transport.upgradeTimeout
        options.limits.closeDeadline = self.transport.closeTimeout
        options.timing.backoffBase = self.transport.backoffBase
        options.timing.backoffCap = self.transport.backoffCap
        options.timing.rotationDeadline = self.transport.rotateOverlap
        return options
    }

    /// The server of our own; nil where others are named.
    package var embeddedServer: EmbeddedNATSServer.Configuration? {
        guard self.usesEmbeddedServer else { return nil }
        let settings = self.nats.embedded
        var server = EmbeddedNATSServer.Configuration(directory: self.stateDirectory + "/nats")
        server.binary = settings.binary
        server.port = settings.port == 0 ? nil : UInt16(clamping: settings.port)
        server.maxMemoryBytes = settings.maxMemory.bytes
        server.maxFileBytes = settings.maxFile.bytes
        return server
    }
}

extension TransportSettings {
    /// The deadlines of a REST request; what it waits for after the connection is bounded by the whole alone.
    var requestDeadlines: HTTPClientRequest.Deadlines {
        var deadlines = HTTPClientRequest.Deadlines()
        deadlines.total = self.requestTimeout
        deadlines.queue = self.requestTimeout
        deadlines.connect = self.connectTimeout
        deadlines.tls = self.tlsTimeout
        deadlines.firstByte = self.requestTimeout
        deadlines.progress = self.requestTimeout
        return deadlines
    }
}

extension Duration {
    /// Whole microseconds, cut off at the range of 64 bits.
    var microseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000_000
    }
}

/// The machine's processors.
enum SystemCores {
    static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
