import Glibc
import MarketModel
import Synchronization
import Testing

@testable import Transport

@Suite("A WebSocket connection")
struct WebSocketConnectionTests {
    /// Plays one script to each connection and waits for a line that the slot tells.
    private func play(
        until line: String, times: Int = 1, options change: (inout ConnectionSlotOptions) -> Void = { _ in },
        prepare: @escaping @Sendable (ConnectionSlot, RecordingConsumer, LoopContext) -> Void = { _, _, _ in },
        extensions: String? = nil, _ script: @escaping @Sendable (ServerWebSocket) -> Void
    ) throws -> [String] {
        let server = ScriptedServer { socket, _ in
            if let peer = ServerWebSocket(socket, extensions: extensions) { script(peer) }
        }
        defer { server.stop() }
        var options = SlotRig.options(port: server.port)
        change(&options)
        let rig = try SlotRig(options, prepare: prepare)
        #expect(rig.saw(line, times: times), "\(rig.log.values)")
        #expect(rig.stop())
        return rig.log.values
    }

    @Test("Texts go out and come back")
    func echo() throws {
        let seen = try self.play(
            until: "frame hello",
            prepare: { slot, consumer, _ in
                consumer.onOpen = { [unowned slot] in #expect(slot.send(text: "hello", on: $0)) }
            }
        ) { $0.echo() }
        #expect(seen.prefix(2) == ["open 1", "frame hello"])
        #expect(seen.last == "closed 1 stopped")
    }

    @Test("Fragments are joined, also with a ping in between that is answered")
    func fragments() throws {
        let pong = Recorder<ServerWebSocket.Received>()
        let seen = try self.play(until: "frame one two three") { peer in
            peer.socket.write(ServerWebSocket.frame(1, Array("one ".utf8), final: false))
            peer.socket.write(ServerWebSocket.frame(9, Array("are you there".utf8)))
            if let received = peer.receive() { pong.append(received) }
            peer.socket.write(ServerWebSocket.frame(0, Array("two ".utf8), final: false))
            peer.socket.write(ServerWebSocket.frame(0, Array("three".utf8)))
            peer.echo()
        }
        #expect(seen.contains("frame one two three"))
        #expect(pong.values == [.init(opcode: 10, payload: Array("are you there".utf8))])
    }

    @Test("Messages of any size arrive whole", arguments: [0, 1, 125, 126, 1000, 65535, 65536, 65537, 1 << 20])
    func sizes(size: Int) throws {
        let payload = (0..<size).map { UInt8(97 + $0 % 26) }
        let matches = Recorder<Bool>()
        _ = try self.play(
            until: "frame end",
            prepare: { _, consumer, _ in
                consumer.onFrame = { frame, _ in
                    if frame.bytes.count != 3 || size == 3 { matches.append(frame.bytes.elementsEqual(payload)) }
                }
            }
        ) { peer in
            peer.socket.write(ServerWebSocket.frame(1, payload))
            peer.text("end")
            peer.echo()
        }
        #expect(matches.values == [true])
    }

    @Test("A frame or message over the limit ends the connection with 1009", arguments: [true, false])
    func tooLarge(inOneFrame: Bool) throws {
        let code = Recorder<UInt16>()
        let kind = inOneFrame ? "frame_too_large" : "message_too_large"
        _ = try self.play(
            until: "closed 1 \(kind)",
            options: {
                $0.limits.frameBytes = 1000
                $0.limits.messageBytes = 1500
            }
        ) { peer in
            let part = [UInt8](repeating: 65, count: inOneFrame ? 1001 : 1000)
            peer.socket.write(ServerWebSocket.frame(1, part, final: inOneFrame))
            if !inOneFrame { peer.socket.write(ServerWebSocket.frame(0, part)) }
            if let close = peer.awaitClose() { code.append(close) }
        }
        #expect(code.values.first == 1009)
    }

    @Test("What still comes of a frame that was refused is read and forgotten", arguments: [70_000, 4 << 20])
    func restOfRefused(size: Int) throws {
        let code = Recorder<UInt16>()
        let seen = try self.play(
            until: "closed 1 frame_too_large", options: { $0.limits.frameBytes = 1000 }
        ) { peer in
            peer.socket.write(ServerWebSocket.frame(1, [UInt8](repeating: 65, count: size)))
            peer.text("late")
            if let close = peer.awaitClose() { code.append(close) }
        }
        #expect(code.values.first == 1009)
        #expect(!seen.contains("frame late"))
    }

    @Test("Text that is not UTF-8 ends the connection with 1007; binary is taken as it is")
    func invalidUTF8() throws {
        let code = Recorder<UInt16>()
        _ = try self.play(until: "closed 1 invalid_utf8") { peer in
            peer.socket.write(ServerWebSocket.frame(2, [0xFF, 0xFE]))
            peer.socket.write(ServerWebSocket.frame(1, [0x61, 0xC0, 0xAF]))
            if let close = peer.awaitClose() { code.append(close) }
        }
        #expect(code.values.first == 1007)
    }

    @Test(
        "What breaks the protocol ends the connection",
        arguments: [[0x83, 0x01, 0x61], [0xC1, 0x01, 0x61], [0x80, 0x00]])
    func violations(bytes: [Int]) throws {
        _ = try self.play(until: "closed 1 protocol_violation") { peer in
            peer.socket.write(bytes.map { UInt8($0) })
            peer.echo()
        }
    }

    @Test("The peer's close code is told")
    func peerCloses() throws {
        _ = try self.play(until: "closed 1 closed_by_peer 1001") { peer in
            peer.socket.write(ServerWebSocket.frame(8, [0x03, 0xE9]))
            _ = peer.receive()
        }
    }

    @Test("A reset in the middle of a frame is a lost connection, and the slot connects again")
    func resetMidFrame() throws {
        let seen = try self.play(until: "closed 2 connection_lost") { peer in
            peer.socket.write(Array(ServerWebSocket.frame(1, [UInt8](repeating: 65, count: 5000)).prefix(2000)))
            peer.socket.lingerZero()
        }
        #expect(seen.prefix(3) == ["open 1", "closed 1 connection_lost", "open 2"])
    }

    @Test("A server that answers no ping is replaced within the deadlines")
    func halfOpen() throws {
        _ = try self.play(
            until: "closed 1 pong_timed_out",
            options: {
                $0.limits.pingInterval = .milliseconds(50)
                $0.limits.pongDeadline = .milliseconds(50)
            }
        ) { peer in
            while let received = peer.receive(), received.opcode == 9 {}
        }
    }

    @Test("A server that answers pings is kept")
    func pongs() throws {
        let seen = try self.play(
            until: "frame kept",
            options: {
                $0.limits.pingInterval = .milliseconds(10)
                $0.limits.pongDeadline = .milliseconds(2000)
            }
        ) { peer in
            for _ in 0..<5 {
                guard let ping = peer.receive(), ping.opcode == 9 else { return }
                peer.socket.write(ServerWebSocket.frame(10, ping.payload))
            }
            peer.text("kept")
            peer.echo()
        }
        #expect(seen.prefix(2) == ["open 1", "frame kept"])
    }

    @Test("A server that ignores our close is ended by force, and that is counted")
    func closeDeadline() throws {
        let server = ScriptedServer { socket, _ in
            guard let peer = ServerWebSocket(socket) else { return }
            while peer.receive() != nil {}
        }
        defer { server.stop() }
        let rig = try SlotRig(SlotRig.options(port: server.port))
        #expect(rig.saw("open 1"))
        rig.with { slot, _ in slot.reconnect(detail: "silent") }
        #expect(rig.saw("closed 1 replaced"))
        #expect(rig.saw("open 2"))
        #expect(rig.counters().loop.forcedKills >= 1)
        #expect(rig.stop())
    }

    @Test("Nobody listening, and an answer that is no upgrade, are told apart")
    func refused() throws {
        let gone = RawSocket.listening()
        let port = gone.port
        let rig = try SlotRig(SlotRig.options(port: port))
        gone.shutdownBoth()
        #expect(rig.saw("failed connect_failed", times: 3), "\(rig.log.values)")
        #expect(rig.stop())

        let server = ScriptedServer { socket, _ in
            _ = socket.readHead()
            socket.write(Array("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        defer { server.stop() }
        let second = try SlotRig(SlotRig.options(port: server.port))
        #expect(second.saw("failed upgrade_refused 429"), "\(second.log.values)")
        #expect(second.stop())
    }

    @Test(
        "A server that accepts and says nothing meets the upgrade deadline, with TLS the TLS deadline",
        arguments: [false, true])
    func silentAccept(isSecure: Bool) throws {
        let server = ScriptedServer { socket, _ in while socket.readSome() != nil {} }
        defer { server.stop() }
        var options = SlotRig.options(port: server.port, isSecure: isSecure)
        options.limits.connectDeadline = .milliseconds(100)
        options.limits.tlsDeadline = .milliseconds(100)
        options.limits.upgradeDeadline = .milliseconds(100)
        let rig = try SlotRig(options)
        #expect(rig.saw(isSecure ? "failed tls_timed_out" : "failed upgrade_timed_out"), "\(rig.log.values)")
        #expect(rig.stop())
    }

    @Test("Compressed messages are inflated, with plain ones and pings in between")
    func deflate() throws {
        // "Hello" twice as RFC 7692 compresses it: 7.2.3.1 alone, 7.2.3.2 with the window kept.
        let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let second: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        let seen = try self.play(
            until: "frame end", options: { $0.endpoints[0].offersDeflate = true }, extensions: "permessage-deflate"
        ) { peer in
            peer.socket.write(ServerWebSocket.frame(1, first, rsv1: true))
            peer.socket.write(ServerWebSocket.frame(9, [1]))
            peer.text("plain")
            peer.socket.write(ServerWebSocket.frame(1, Array(second[..<2]), final: false, rsv1: true))
            peer.socket.write(ServerWebSocket.frame(10, []))
            peer.socket.write(ServerWebSocket.frame(0, Array(second[2...])))
            peer.text("end")
            peer.echo()
        }
        #expect(seen.prefix(5) == ["open 1", "frame Hello", "frame plain", "frame Hello", "frame end"])
    }

    @Test("Bad compression, and data that inflates past the limit, end the connection", arguments: [true, false])
    func badDeflate(isBomb: Bool) throws {
        // 1032 zeros for each byte: a stored header, then one long match after another.
        var bomb: [UInt8] = [0xEC, 0xC1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x80, 0x90, 0xFE, 0xAF, 0xEE, 0x08, 0x0A]
        bomb += [UInt8](repeating: 0, count: 64)
        let payload: [UInt8] = isBomb ? bomb : [0xFF, 0xFF, 0xFF, 0xFF]
        _ = try self.play(
            until: isBomb ? "closed 1 message_too_large" : "closed 1 invalid_compression",
            options: {
                $0.endpoints[0].offersDeflate = true
                $0.limits.messageBytes = 1000
            }, extensions: "permessage-deflate; server_no_context_takeover"
        ) { peer in
            peer.socket.write(ServerWebSocket.frame(1, payload, rsv1: true))
            _ = peer.awaitClose()
        }
    }

    @Test("Headers go with the upgrade, and the host has its port")
    func headers() throws {
        let heads = Recorder<String>()
        let server = ScriptedServer { socket, _ in
            if let head = socket.readHead() { heads.append(head) }
        }
        defer { server.stop() }
        var options = SlotRig.options(port: server.port)
        options.endpoints[0].headers = [.init(name: "X-Test", value: "a b")]
        let rig = try SlotRig(options)
        #expect(eventually { !heads.values.isEmpty })
        #expect(rig.stop())
        let head = heads.values.first ?? ""
        #expect(ServerWebSocket.header("X-Test", in: head) == "a b")
        #expect(ServerWebSocket.header("Host", in: head) == "127.0.0.1:\(server.port)")
        #expect(head.hasPrefix("GET /ws HTTP/1.1\r\n"))
        #expect(ServerWebSocket.header("Sec-WebSocket-Extensions", in: head) == nil)
    }

    @Test("A CONNECT proxy is used, by the server's name")
    func proxy() throws {
        let server = ScriptedServer { socket, _ in ServerWebSocket(socket)?.echo() }
        defer { server.stop() }
        let asked = Recorder<String>()
        let proxy = ScriptedServer { [port = server.port] client, _ in
            guard let head = client.readHead(), let target = RawSocket.connected(port: port) else { return }
            asked.append(String(head.prefix { $0 != "\r" && $0 != "\r\n" }))
            client.write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
            ScriptedServer.thread {
                while let bytes = target.readSome(), client.write(bytes) {}
                client.shutdownBoth()
            }
            while let bytes = client.readSome(), target.write(bytes) {}
            target.shutdownBoth()
        }
        defer { proxy.stop() }
        var options = SlotRig.options(port: server.port, host: "venue.invalid")
        options.endpoints[0].proxy = "127.0.0.1:\(proxy.port)"
        let rig = try SlotRig(options) { slot, consumer, _ in
            consumer.onOpen = { [unowned slot] in _ = slot.send(text: "through", on: $0) }
        }
        #expect(rig.saw("frame through"), "\(rig.log.values)")
        #expect(rig.stop())
        #expect(asked.values.first == "CONNECT venue.invalid:\(server.port) HTTP/1.1")
    }
}
