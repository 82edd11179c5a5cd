import Glibc
import Synchronization
import Testing

@testable import Transport

@Suite("A connection slot", .serialized)
struct ConnectionSlotTests {
    private static func descriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }

    @Test("200 forced reconnects never make two live sockets, and leave no socket behind")
    func reconnects() throws {
        let server = ScriptedServer { socket, number in
            switch number % 4 {
            case 0: return  // closed at once
            case 1: socket.lingerZero()  // reset at once
            case 2:
                guard let peer = ServerWebSocket(socket) else { return }
                peer.text("again")
                peer.echo()
            default:
                guard let peer = ServerWebSocket(socket) else { return }
                peer.socket.lingerZero()
            }
        }
        defer { server.stop() }
        var options = SlotRig.options(port: server.port)
        options.limits.closeDeadline = .milliseconds(50)
        let rig = try SlotRig(options) { slot, consumer, _ in
            consumer.onFrame = { [unowned slot] _, _ in slot.reconnect(detail: "again") }
        }
        #expect(eventually(seconds: 60) { server.connections >= 200 })
        let counters = rig.counters()
        #expect(counters.slot.socketsLiveMax == 1)
        #expect(counters.loop.socketsLiveMax == 1)
        #expect(counters.slot.connects >= 200)
        let before = Self.descriptors()
        #expect(rig.stop())
        // The loop's own few are gone, and nothing else of 200 sockets is left; other suites open some meanwhile.
        #expect(Self.descriptors() < before + 100)
    }

    @Test("A rotation overlaps, then the old socket goes; each message arrives on one of the two")
    func rotation() throws {
        let server = ScriptedServer { socket, number in
            guard let peer = ServerWebSocket(socket) else { return }
            peer.text("from \(number)")
            peer.echo()
        }
        defer { server.stop() }
        let rig = try SlotRig(SlotRig.options(port: server.port)) { slot, consumer, context in
            consumer.onFrame = { [unowned slot] _, id in
                if id.serial == 1 {
                    context.schedule(after: .milliseconds(1)) { #expect(slot.rotate()) }
                } else {
                    slot.rotationReady()
                }
            }
        }
        #expect(rig.saw("closed 1 rotated"), "\(rig.log.values)")
        let counters = rig.counters()
        #expect(counters.slot.socketsLiveMax == 2)
        #expect(counters.slot.socketsLive == 1)
        #expect(counters.slot.rotations == 1)
        #expect(rig.stop())
        #expect(
            rig.log.values == [
                "open 1", "frame from 1", "open 2", "frame from 2", "rotation completed", "closed 1 rotated",
                "closed 2 stopped",
            ])
    }

    @Test("A loop that stops under a live slot ends its sockets and traps nowhere")
    func loopStops() throws {
        let server = ScriptedServer { socket, _ in ServerWebSocket(socket)?.echo() }
        defer { server.stop() }
        let rig = try SlotRig(SlotRig.options(port: server.port))
        #expect(rig.saw("open 1"))
        rig.loop.stop()
        #expect(rig.log.values == ["open 1", "closed 1 stopped"])
    }

    @Test("An endpoint that refuses gives way to the next")
    func nextEndpoint() throws {
        let refusing = ScriptedServer { socket, _ in
            _ = socket.readHead()
            socket.write(Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        defer { refusing.stop() }
        let server = ScriptedServer { socket, _ in ServerWebSocket(socket)?.echo() }
        defer { server.stop() }
        var options = SlotRig.options(port: refusing.port)
        options.endpoints += SlotRig.options(port: server.port).endpoints
        let rig = try SlotRig(options)
        #expect(rig.saw("open 2"), "\(rig.log.values)")
        #expect(rig.log.values.first == "failed upgrade_refused 404")
        #expect(rig.stop())
    }

    @Test("Nothing connects before the venue's budget allows it")
    func budget() throws {
        let server = ScriptedServer { socket, _ in ServerWebSocket(socket)?.echo() }
        defer { server.stop() }
        let waiting = Recorder<@Sendable (ConnectPermit) -> Void>()
        var options = SlotRig.options(port: server.port)
        options.acquirePermit = { waiting.append($1) }
        let rig = try SlotRig(options)
        #expect(eventually { waiting.values.count == 1 })
        #expect(rig.counters().slot.connects == 0)
        let returned = Recorder<String>()
        waiting.values.first?(ConnectPermit { returned.append("used") })
        #expect(rig.saw("open 1"))
        // A second permit for the same attempt comes too late.
        waiting.values.first?(ConnectPermit { returned.append("late") })
        #expect(eventually { returned.values == ["late"] })
        #expect(rig.stop())
    }

    @Test("The permit of an attempt that made no connection goes back to the budget")
    func unusedPermit() throws {
        let requests = Recorder<ConnectRequest>()
        let returned = Recorder<Int>()
        var options = SlotRig.options(port: 1)
        options.acquirePermit = { request, granted in
            requests.append(request)
            granted(ConnectPermit { returned.append(1) })
        }
        let rig = try SlotRig(options)
        #expect(rig.saw("failed connect_failed"))
        #expect(eventually { returned.values.count >= 1 })
        #expect(requests.values.first == ConnectRequest(slot: options.number, isRotation: false))
        #expect(rig.stop())
    }

    @Test("An upgrade that is refused for its rate is told to the budget, and its permit is spent")
    func rateRefused() throws {
        let server = ScriptedServer { socket, _ in
            _ = socket.readHead()
            socket.write(Array("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        defer { server.stop() }
        let told = Recorder<String>()
        var options = SlotRig.options(port: server.port)
        options.acquirePermit = { _, granted in
            granted(ConnectPermit(giveBack: { told.append("returned") }, rateRefused: { told.append("refused") }))
        }
        let rig = try SlotRig(options)
        #expect(rig.saw("failed upgrade_refused 429", times: 2))
        #expect(rig.stop())
        #expect(told.values.count >= 2 && told.values.allSatisfy { $0 == "refused" })
    }
}
