import CNATS

/// Where and how to connect.
package struct NATSConnectionOptions: Sendable {
    package enum Credentials: Sendable, Equatable {
        case none
        case user(String, password: String)
        case token(String)
        /// A file with a user's JWT and seed, as `nsc` writes it.
        case file(String)
        /// A user's public NKey and the file that holds its seed.
        case nkey(publicKey: String, seedFile: String)
    }

    package struct TLS: Sendable, Equatable {
        /// Certificates of the authorities to trust, PEM; the system's when `nil`.
        package var authorityFile: String?
        /// Our certificate and its key, PEM, for servers that verify clients.
        package var certificateFile: String?
        package var keyFile: String?
        /// The name the server's certificate must carry, when it is not the address.
        package var expectedName: String?

        package init() {}
    }

    /// Addresses of one cluster, `nats://host:port` or `tls://host:port`, tried in an order drawn anew each time.
    package var addresses: [String]
    package var name = "sluice"
    package var credentials = Credentials.none
    /// `nil` leaves it to the address: `tls://` alone asks for TLS.
    package var tls: TLS?
    package var connectTimeout = Duration.seconds(2)
    /// A stalled server blocks the publisher thread, and only that, for so long.
    package var writeDeadline = Duration.milliseconds(200)

    package init(addresses: [String]) { self.addresses = addresses }

    /// Takes addresses and secrets from the environment, where they are set.
    ///
    /// `NATS_URL` (comma-separated), `NATS_USER` with `NATS_PASSWORD`, `NATS_TOKEN`, `NATS_CREDS`, `NATS_NKEY` with
    /// `NATS_NKEY_SEED`, `NATS_CA`, `NATS_CERT`, `NATS_KEY`, each behind `prefix`.
    package mutating func apply(environment: [String: String], prefix: String = "SLUICE_") {
        func value(_ name: String) -> String? { environment[prefix + name].flatMap { $0.isEmpty ? nil : $0 } }
        if let urls = value("NATS_URL") { self.addresses = urls.split(separator: ",").map(String.init) }
        if let user = value("NATS_USER") { self.credentials = .user(user, password: value("NATS_PASSWORD") ?? "") }
        if let token = value("NATS_TOKEN") { self.credentials = .token(token) }
        if let key = value("NATS_NKEY"), let seed = value("NATS_NKEY_SEED") {
            self.credentials = .nkey(publicKey: key, seedFile: seed)
        }
        if let file = value("NATS_CREDS") { self.credentials = .file(file) }
        let files = (value("NATS_CA"), value("NATS_CERT"), value("NATS_KEY"))
        if files.0 != nil || files.1 != nil || files.2 != nil {
            var tls = self.tls ?? TLS()
            tls.authorityFile = files.0 ?? tls.authorityFile
            tls.certificateFile = files.1 ?? tls.certificateFile
            tls.keyFile = files.2 ?? tls.keyFile
            self.tls = tls
        }
    }

    /// Puts the settings into the library's form; the caller destroys it.
    func makeLibraryOptions() throws(NATSError) -> OpaquePointer {
        var handle: OpaquePointer?
        try check(natsOptions_Create(&handle), "options")
        guard let options = handle else { throw NATSError(NATS_NO_MEMORY, "options") }
        do throws(NATSError) {
            try self.configure(options)
        } catch {
            natsOptions_Destroy(options)
            throw error
        }
        return options
    }

    private func configure(_ options: OpaquePointer) throws(NATSError) {
        guard !self.addresses.isEmpty else {
            throw NATSError(kind: .configuration, context: "NATS addresses", text: "none given")
        }
        try check(self.setServers(options), "NATS addresses \(self.addresses.joined(separator: ","))")
        try check(natsOptions_SetName(options, self.name), "NATS client name")
        try check(natsOptions_SetTimeout(options, self.connectTimeout.wholeMilliseconds), "connect timeout")
        try check(natsOptions_SetWriteDeadline(options, self.writeDeadline.wholeMilliseconds), "write deadline")
        switch self.credentials {
        case .none: break
        case .user(let user, let password):
            try check(natsOptions_SetUserInfo(options, user, password), "NATS user")
        case .token(let token): try check(natsOptions_SetToken(options, token), "NATS token")
        case .file(let path):
            try check(natsOptions_SetUserCredentialsFromFiles(options, path, nil), "NATS credentials \(path)")
        case .nkey(let key, let seedFile):
            try check(natsOptions_SetNKeyFromSeed(options, key, seedFile), "NATS nkey \(seedFile)")
        }
        if let tls = self.tls { try Self.configure(options, tls) }
    }

    private static func configure(_ options: OpaquePointer, _ tls: TLS) throws(NATSError) {
        try check(natsOptions_SetSecure(options, true), "TLS")
        if let file = tls.authorityFile {
            try check(natsOptions_LoadCATrustedCertificates(options, file), "TLS authorities \(file)")
        }
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            try check(natsOptions_LoadCertificatesChain(options, certificate, key), "TLS certificate \(certificate)")
        }
        if let name = tls.expectedName { try check(natsOptions_SetExpectedHostname(options, name), "TLS name") }
    }

    private func setServers(_ options: OpaquePointer) -> natsStatus {
        withCStrings(self.addresses) { natsOptions_SetServers(options, $0.baseAddress, Int32($0.count)) }
    }
}

/// Lends C strings for the length of a call.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutableBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let copies = strings.map { string in
        let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: string.utf8.count + 1)
        _ = bytes.initialize(from: string.utf8.map { CChar(bitPattern: $0) } + [0])
        return bytes
    }
    defer { for copy in copies { copy.deallocate() } }
    var pointers = copies.map { UnsafePointer<CChar>($0.baseAddress) }
    return pointers.withUnsafeMutableBufferPointer { body($0) }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }

    var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
    }

    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
