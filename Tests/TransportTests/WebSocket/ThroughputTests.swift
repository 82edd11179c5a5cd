import Synchronization
import Testing

@testable import Transport

@Suite("Throughput", .serialized)
struct ThroughputTests {
    @Test("Frames of 1.4 KB arrive in order and none is lost; the rate is printed")
    func rate() throws {
        let count = 100_000
        let server = ScriptedServer { socket, _ in
            guard let peer = ServerWebSocket(socket) else { return }
            let frame = ServerWebSocket.frame(1, (0..<1400).map { UInt8(32 + $0 % 90) })
            let batch = Array([[UInt8]](repeating: frame, count: 100).joined())
            for _ in 0..<count / 100 { if !peer.socket.write(batch) { return } }
            peer.text("end")
            peer.echo()
        }
        defer { server.stop() }
        let rig = try SlotRig(SlotRig.options(port: server.port))
        #expect(rig.saw("open 1"))
        let start = ContinuousClock.now
        #expect(eventually(seconds: 60) { rig.log.values.contains("frame end") })
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let counters = rig.counters().slot
        #expect(counters.traffic.messages == UInt64(count) + 1)
        #expect(counters.traffic.bytes == UInt64(count * 1400) + 3)
        #expect(rig.stop())
        print(
            "1.4 KB frames: \(Int(Double(count) * 1400 / seconds / 1e6)) MB/s, \(Int(Double(count) / seconds)) frames/s"
        )
    }
}
