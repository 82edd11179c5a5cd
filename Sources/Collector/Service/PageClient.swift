package import Transport

/// Fetches one page from a running collector.
package enum PageClient {
    /// Why nothing was fetched.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Gives the answer of a GET, on a loop of its own.
    package static func get(_ url: String, timeout: Duration) async throws(Failure) -> HTTPClientResponse {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "page"))
        let resolver = Resolver()
        do {
            try loop.start()
        } catch {
            throw Failure(description: "\(error)")
        }
        defer {
            loop.stop()
            resolver.stop()
        }
        do {
            var configuration = HTTPClientConfiguration()
            configuration.resolver = resolver
            let client = try HTTPClient(loop: loop, configuration: configuration)
            guard var request = HTTPClientRequest(url: url) else { throw Failure(description: "no address: \(url)") }
            request.deadlines.total = timeout
            let answer = try await client.get(request)
            await client.close()
            return answer
        } catch {
            throw Failure(description: "\(error)")
        }
    }
}
