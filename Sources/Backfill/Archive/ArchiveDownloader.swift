internal import Resilience
internal import Transport

/// Fetches files to the folder of downloads, each request through the core; goes on where an earlier try ended.
///
/// A 429, 418, 403 or 503 closes the host for everybody. The client's loop waits while pieces are written to disk: it
/// is one of its own, beside live data. While a file waits for its next try no descriptor is open.
final class ArchiveDownloader<C: Clock>: Sendable where C.Duration == Duration {
    private let settings: ArchiveSettings
    private let folder: ArchiveFolder
    private let client: HTTPClient
    private let core: RequestCore<C>

    init(settings: ArchiveSettings, folder: ArchiveFolder, client: HTTPClient, core: RequestCore<C>) {
        self.settings = settings
        self.folder = folder
        self.client = client
        self.core = core
    }

    /// Fetches a file and compares it with its checksum; what it is given is there until it is let go of.
    ///
    /// - Parameter scope: Names the budget together with the host: `binance-archive`.
    func download(
        _ address: String, checksum: String?, scope: String
    ) async throws(ArchiveFailure) -> DownloadedArchive {
        let request = try self.request(address)
        let identity = String(address.prefix { $0 != "?" })
        let archive = DownloadedArchive(self.folder.claim(identity))
        var failures = 0
        while true {
            let expected = try await self.expected(checksum, scope)
            do throws(ArchiveFailure) {
                try await self.fill(archive, request, identity, scope)
                guard let expected else { return archive }
                let actual = try await FileDigest.sha256(of: archive.path)
                if actual == expected { return archive }
                throw ArchiveFailure(.wrongChecksum, "\(identity): SHA-256 is \(actual), should be \(expected)")
            } catch {
                if !error.keepsFile { archive.discard() }
                failures += 1
                guard error.kind == .wrongChecksum, failures < self.settings.checksumTries else { throw error }
            }
            // The file and its checksum are not replaced at one moment.
            try await self.sleep(failures)
        }
    }

    // MARK: - Private

    /// Fetches what is missing of a file.
    private func fill(
        _ archive: DownloadedArchive, _ request: HTTPClientRequest, _ identity: String, _ scope: String
    ) async throws(ArchiveFailure) {
        let core = self.coreRequest(request, scope)
        do {
            try await self.core.run(core) { (_: Int) async throws(ArchiveFailure) in
                try await self.attempt(archive, request, identity)
            }
        } catch {
            throw ArchiveFailure(error, endpoint: identity)
        }
    }

    /// Asks once for what is missing of a file.
    private func attempt(
        _ archive: DownloadedArchive, _ request: HTTPClientRequest, _ identity: String
    ) async throws(ArchiveFailure) {
        let part = try ArchivePart(archive.claim, identity: identity, bytesMost: self.settings.fileBytesMost)
        defer {
            part.close()
            archive.count(part.bytes)
        }
        if part.isComplete { return }
        var request = request
        request.headers = part.headers
        request.maxBodyBytes = self.settings.fileBytesMost
        do throws(ArchiveFailure) {
            try part.finish(try await self.exchange(request, part))
        } catch {
            if error.kind == .changed { archive.discard() }
            throw error
        }
    }

    private func exchange(
        _ request: HTTPClientRequest, _ part: ArchivePart
    ) async throws(ArchiveFailure) -> HTTPResponseHead {
        do throws(HTTPClientError) {
            return try await self.client.stream(request, onHead: { part.take($0) }, onChunk: { part.take($0) })
        } catch {
            // An exchange that the receiver ended is cancelled, and the receiver knows why.
            throw part.problem ?? ArchiveFailure(error)
        }
    }

    /// Gets the SHA-256 that the venue gives; nil where it gives none.
    private func expected(_ address: String?, _ scope: String) async throws(ArchiveFailure) -> String? {
        guard let address else { return nil }
        var request = try self.request(address)
        request.maxBodyBytes = ChecksumText.bytesMost
        let identity = String(address.prefix { $0 != "?" })
        do {
            return try await self.core.run(self.coreRequest(request, scope)) {
                (_: Int) async throws(ArchiveFailure) -> String in
                let answer: HTTPClientResponse
                do throws(HTTPClientError) {
                    answer = try await self.client.get(request)
                } catch {
                    throw ArchiveFailure(error)
                }
                let text = String(decoding: answer.body, as: UTF8.self)
                guard answer.status == 200 else {
                    throw ArchiveFailure(
                        status: answer.status, retryAfter: answer.header("retry-after"),
                        text: String(text.prefix(200)), endpoint: identity)
                }
                guard let checksum = ChecksumText.digest(in: text) else {
                    throw ArchiveFailure(
                        .unavailable(status: 200, retryAfter: nil), "\(identity): is no checksum: \(text.prefix(80))")
                }
                return checksum
            }
        } catch {
            throw ArchiveFailure(error, endpoint: identity)
        }
    }

    private func request(_ address: String) throws(ArchiveFailure) -> HTTPClientRequest {
        guard var request = HTTPClientRequest(url: address) else {
            throw ArchiveFailure(.impossible, "\(address) is no address", mayHaveBeenSent: false)
        }
        request.deadlines = self.settings.deadlines
        return request
    }

    private func coreRequest(_ request: HTTPClientRequest, _ scope: String) -> CoreRequest<C> {
        let host = "\(request.host):\(request.port)"
        let limits = RateLimits(
            windows: [RateWindow(.requests, limit: max(1, self.settings.requestsPerMinute), per: .seconds(60))],
            headroom: 0, reserve: 0)
        let limiter = self.core.limiters.limiter(for: "\(scope) \(host)", limits: limits)
        return CoreRequest(
            host: host, endpoint: String(request.target.prefix { $0 != "?" }), draws: [RateDraw(limiter)],
            priority: .history, policy: self.settings.retry)
    }

    private func sleep(_ failures: Int) async throws(ArchiveFailure) {
        var generator = SystemRandomNumberGenerator()
        let wait = self.settings.retry.backoff.delay(failures: failures, using: &generator)
        do {
            try await self.core.clock.sleep(until: self.core.clock.now.advanced(by: wait), tolerance: nil)
        } catch {
            throw ArchiveFailure(.cancelled, "cancelled", mayHaveBeenSent: false)
        }
    }
}

/// A file of the folder of downloads in the hands of one user; kept there when it is let go of, unless it is discarded.
final class DownloadedArchive {
    fileprivate let claim: ArchiveClaim
    private(set) var bytesDownloaded = 0
    private(set) var bytesResumed = 0

    fileprivate init(_ claim: ArchiveClaim) {
        self.claim = claim
    }

    var path: String { self.claim.path }

    func discard() { self.claim.discard() }

    fileprivate func count(_ bytes: (received: Int, resumed: Int)) {
        self.bytesDownloaded += bytes.received
        self.bytesResumed += bytes.resumed
    }
}

/// A line of `sha256sum`: 64 hexadecimal digits, then the file's name.
enum ChecksumText {
    static let bytesMost = 4_096

    /// The digest in lower case; nil for what is none.
    static func digest(in text: String) -> String? {
        let digits = text.utf8.prefix { !Self.isBlank($0) }
        guard digits.count == 64, digits.allSatisfy({ Self.isHexadecimal($0) }) else { return nil }
        return String(decoding: digits, as: UTF8.self).lowercased()
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
