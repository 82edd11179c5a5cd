import Glibc
import Testing

@testable import Transport

@Suite("HTTP client", .serialized, .timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test("An answer comes with its status, headers and body, over a connection that is used again")
    func answers() async throws {
        try await withServer { server, client, port in
            var echo = request(port, "/echo?q=a%20b")
            echo.headers = [("X-Test", "yes")]
            let answer = try await client.get(echo)
            #expect(answer.status == 200)
            #expect(answer.header("x-test") == "yes")
            #expect(String(decoding: answer.body, as: UTF8.self) == "GET /echo?q=a%20b a b")
            #expect(try await client.get(request(port, "/404")).status == 404)
            #expect(try await client.get(request(port, "/500")).status == 500)
            #expect(try await client.get(request(port, "/large")).body == [UInt8](repeating: 7, count: 5_000_000))
            #expect(try await client.get(request(port, "/slow")).body.count == 400)
            var head = request(port, "/large")
            head.method = .head
            #expect(try await client.get(head).body.isEmpty)
            let statistics = try #require(await client.statistics())
            #expect(statistics.connectionsOpened == 1)
            #expect(statistics.connectionsReused == 5)
            #expect(await server.statistics()?.connectionsAccepted == 1)
        }
    }

    @Test("Each way to fail has its kind")
    func failures() async throws {
        try await withServer { _, client, port in
            #expect(await failure(of: client, request(port, "/truncated")) == .closedEarly)
            var never = request(port, "/never")
            never.deadlines.firstByte = .milliseconds(50)
            #expect(await failure(of: client, never) == .timedOut(.firstByte))
            never.deadlines.firstByte = .seconds(10)
            never.deadlines.total = .milliseconds(50)
            #expect(await failure(of: client, never) == .timedOut(.total))
            var slow = request(port, "/slow")
            slow.deadlines.progress = .milliseconds(2)
            #expect(await failure(of: client, slow) == .timedOut(.progress))
            var large = request(port, "/large")
            large.maxBodyBytes = 1000
            #expect(await failure(of: client, large) == .tooLarge)
            #expect(await failure(of: client, request(port, "/bad\r\nX: y")) == .refused)
            #expect(await failure(of: client, request(1)) == .unreachable)
        }
    }

    @Test("Without a deadline for the whole, an answer may take as long as its bytes come, and ends when they do not")
    func progress() async throws {
        try await withServer { _, client, port in
            // Two hundred milliseconds of bytes, forty at a time every twenty.
            var slow = request(port, "/slow")
            slow.deadlines.total = .milliseconds(100)
            slow.deadlines.progress = .seconds(10)
            #expect(await failure(of: client, slow) == .timedOut(.total))
            slow.deadlines.total = nil
            #expect(await failure(of: client, slow) == nil)
            let stalls = ScriptedServer { socket, _ in
                guard socket.readHead() != nil else { return }
                socket.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour".utf8))
                _ = socket.readHead()
            }
            defer { stalls.stop() }
            var stalled = request(Int(stalls.port))
            stalled.deadlines.total = nil
            stalled.deadlines.progress = .milliseconds(50)
            #expect(await failure(of: client, stalled) == .timedOut(.progress))
        }
    }

    @Test("A hundred requests share four connections")
    func pool() async throws {
        try await withServer { server, client, port in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await client.get(request(port, "/late")).status } }
                return try await group.reduce(0, +)
            }
            #expect(sum == 20_000)
            #expect(await client.statistics()?.connectionsOpened == 4)
            #expect(await server.statistics()?.connectionsAccepted == 4)
        }
    }

    @Test("A cancelled task ends its exchange and closes the connection")
    func cancellation() async throws {
        try await withServer { _, client, port in
            let task = Task { await failure(of: client, request(port, "/never")) }
            while await client.statistics()?.connections != 1 { await Task.yield() }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(await client.statistics()?.connections == 0)
        }
    }

    @Test("A receiver that wants no more ends the exchange")
    func stream() async throws {
        try await withServer { _, client, port in
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.stream(request(port, "/large"), onChunk: { _ in false })
            }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test("Five hundred exchanges of every kind leave no descriptor behind")
    func descriptors() async throws {
        // Other suites open descriptors meanwhile, so those of this server's port are counted, by the system.
        try await withServer { server, client, port in
            let targets = ["/", "/404", "/truncated", "/late", "/large"]
            for index in 0..<500 {
                var each = request(index % 50 == 7 ? 1 : port, targets[index % targets.count])
                if index % 25 == 4 { each.maxBodyBytes = 10 }
                _ = await failure(of: client, each)
            }
            let statistics = try #require(await client.statistics())
            #expect(statistics.requests == 500)
            #expect(statistics.succeeded + statistics.failed == 500)
            #expect(statistics.failed >= 100)
            #expect(statistics.connections == 1)
            while await server.statistics()?.connections != 1 { await Task.yield() }
            #expect(liveSockets(port: port) == 2)
            await client.close()
            while await server.statistics()?.connections != 0 { await Task.yield() }
            #expect(liveSockets(port: port) == 0)
        }
    }

    @Test("A name is looked up by the resolver, whose silence ends with the connect deadline")
    func names() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.resolver = Resolver { host in
            if host == "stuck.test" { usleep(500_000) }
            return host == "known.test" ? .success(["127.0.0.1"]) : .failure(.refused(code: -2))
        }
        try await withServer(client: configuration) { _, client, port in
            var named = HTTPClientRequest(isSecure: false, host: "known.test", port: port, target: "/")
            #expect(await failure(of: client, named) == nil)
            named.host = "unknown.test"
            #expect(await failure(of: client, named) == .unreachable)
            named.host = "stuck.test"
            named.deadlines.connect = .milliseconds(20)
            #expect(await failure(of: client, named) == .timedOut(.connect))
        }
    }

    @Test("A connection that died while idle is replaced without an error")
    func stale() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.keepAliveTimeout = .milliseconds(1)
        try await withServer(configuration: configuration) { server, client, port in
            #expect(await failure(of: client, request(port)) == nil)
            while await server.statistics()?.connections != 0 { await Task.yield() }
            #expect(await failure(of: client, request(port)) == nil)
            #expect(await client.statistics()?.connectionsOpened == 2)
        }
    }

    @Test("TLS needs a certificate authority that is trusted and a name that fits")
    func tls() async throws {
        var template = Array("/tmp/http-tls-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let (key, certificate) = ("\(folder)/key.pem", "\(folder)/cert.pem")
        defer {
            unlink(key)
            unlink(certificate)
            rmdir(folder)
        }
        let command =
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout \(key) -out \(certificate) -days 2 "
            + "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost >/dev/null 2>&1"
        #expect(system(command) == 0)
        var server = HTTPServerConfiguration()
        server.tls = (certificate, key)
        var trusting = HTTPClientConfiguration()
        trusting.caFile = certificate
        trusting.resolver = Resolver { _ in .success(["127.0.0.1"]) }
        for (configuration, host, expected) in [
            (trusting, "127.0.0.1", nil), (trusting, "localhost", nil), (trusting, "other.test", .tls),
            (HTTPClientConfiguration(), "127.0.0.1", HTTPClientError.Kind.tls),
        ] {
            try await withServer(configuration: server, client: configuration) { _, client, port in
                for _ in 0..<2 {
                    let large = HTTPClientRequest(isSecure: true, host: host, port: port, target: "/large")
                    #expect(await failure(of: client, large) == expected)
                }
                #expect(await client.statistics()?.connectionsOpened == (expected == nil ? 1 : 2))
            }
        }
    }
}
