import Foundation
import Testing

@testable import Transport

@Suite("TLS", .serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
struct TLSTests {
    /// Connects to a TLS server for `localhost` under `host`, trusting `caFile`.
    private func connect(host: String, trusting caName: String?, until line: String) throws -> [String] {
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        let relay = try TLSRelay(certificates: certificates)
        defer { relay.stop() }
        try relay.serve(text: "secret")
        var options = SlotRig.options(port: relay.port, host: host, isSecure: true)
        options.endpoints[0].caFile = caName.map { certificates.path($0) }
        options.timing.backoffBase = .milliseconds(100)
        let resolver = Resolver { _ in .success(["127.0.0.1"]) }
        let rig = try SlotRig(options, resolver: resolver)
        #expect(rig.saw(line), "\(rig.log.values)")
        #expect(rig.stop())
        return rig.log.values
    }

    @Test("A server of our own CA under its own name is taken")
    func ownCA() throws {
        _ = try self.connect(host: "localhost", trusting: "ca.pem", until: "frame secret")
    }

    @Test("A certificate for another name is refused")
    func wrongName() throws {
        let seen = try self.connect(host: "wrong.example.test", trusting: "ca.pem", until: "failed tls_failed")
        #expect(!seen.contains { $0.hasPrefix("open") })
    }

    @Test(
        "A certificate of a CA that is not ours is refused, also where the system's are trusted",
        arguments: ["other.pem", nil])
    func unknownCA(trusted: String?) throws {
        let seen = try self.connect(host: "localhost", trusting: trusted, until: "failed tls_failed")
        #expect(!seen.contains { $0.hasPrefix("open") })
    }
}
