import Testing

@testable import Collector

@Suite("Units of durations and sizes")
struct UnitTests {
    @Test(
        "Durations parse exactly",
        arguments: [
            ("100ms", Duration.milliseconds(100)), ("1s", .seconds(1)), ("5m", .seconds(300)),
            ("24h", .seconds(86_400)), ("2d", .seconds(172_800)), ("7us", .microseconds(7)), ("0s", .zero),
            ("106751d", .seconds(106_751 * 86_400)),
        ])
    func durations(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(
        "What is no duration is refused, also past 64 bits",
        arguments: ["", "1", "s", "1.5s", "-1s", "1 s", "1S", "1sec", "106752d", "99999999999999999999s", "１s"])
    func noDurations(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        "Sizes parse exactly",
        arguments: [
            ("64KiB", 65_536), ("16MiB", 16_777_216), ("1GiB", 1_073_741_824), ("2TiB", 2_199_023_255_552),
            ("7B", 7), ("0B", 0), ("8388607TiB", 9_223_370_937_343_148_032),
        ])
    func sizes(text: String, bytes: Int) {
        #expect(ByteSize(text: text)?.bytes == bytes)
        #expect(ByteSize(text: ByteSize(bytes).description)?.bytes == bytes)
    }

    @Test(
        "What is no size is refused, also past 64 bits",
        arguments: ["", "1", "1KB", "1K", "1kib", "1 KiB", "8388608TiB"])
    func noSizes(text: String) {
        #expect(ByteSize(text: text) == nil)
    }

    @Test("A slip finds its nearest name, a stranger none")
    func nearest() {
        let names = ["depth", "retain", "snapshot_interval"]
        #expect(NearestName.find("dpeth", among: names) == "depth")
        #expect(NearestName.find("snapshot_intervall", among: names) == "snapshot_interval")
        #expect(NearestName.find("colour", among: names) == nil)
        #expect(NearestName.distance(Array("abcd"), Array("acbd")) == 1)
        #expect(NearestName.distance(Array(""), Array("abc")) == 3)
    }

    @Test(
        "Addresses that only this machine reaches are told from others",
        arguments: [
            ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("localhost:1", true),
            ("127.0.0.1.example.com:1", false), ("0.0.0.0:1", false), ("[::]:1", false), ("10.0.0.1:1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(HostPort(text: text)).isLoopback == isLoopback)
    }

    @Test("What is no address is refused", arguments: ["", ":1", "a", "a:", "a:70000", "a b:1", "[::1:1", "a\u{1b}:1"])
    func noAddress(text: String) {
        #expect(HostPort(text: text) == nil)
    }

    @Test("Endpoints keep port and path, and take no user and no query")
    func endpoints() {
        let text = "ws://127.0.0.1:8100/spot/"
        #expect(Endpoint(text: text, schemes: [.ws])?.description == "ws://127.0.0.1:8100/spot")
        #expect(Endpoint(text: "wss://a.b", schemes: [.wss])?.address.port == 443)
        #expect(Endpoint(text: "wss://[::1]", schemes: [.wss])?.description == "wss://[::1]")
        for wrong in ["ws://u:p@a", "ws://a?b", "ws://", "ws://a:0", "http://a", "a"] {
            #expect(Endpoint(text: wrong, schemes: [.ws, .wss]) == nil)
        }
    }
}
