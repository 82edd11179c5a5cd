import Foundation

@testable import ExchangeSimulator

/// An exchange that is stopped when a test is over.
enum ExchangeFixture {
    static func run(
        _ segments: [MarketSegment], _ configure: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: (SimulatedExchange, [MarketSegment: Int]) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration(segments: segments)
        configuration.bookLevels = 450
        configuration.stepsPerSecond = 200
        configuration.depthInterval = .milliseconds(20)
        configuration.limits.okxConnectsPerSecond = 100
        configure(&configuration)
        let exchange = SimulatedExchange(configuration: configuration)
        let endpoints = try await exchange.start()
        do {
            try await body(exchange, Dictionary(uniqueKeysWithValues: endpoints.map { ($0.segment, $0.port) }))
        } catch {
            await exchange.stop()
            throw error
        }
        await exchange.stop()
    }
}

/// What a JSON text says, for tests that ask for one thing at a time.
struct JSONValue {
    let value: Any?

    init(_ text: String) throws {
        self.value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    init(_ answer: BlockingSocket.Answer) throws {
        try self.init(answer.text)
    }

    private init(value: Any?) {
        self.value = value
    }

    subscript(key: String) -> JSONValue { JSONValue(value: (self.value as? [String: Any])?[key]) }

    subscript(index: Int) -> JSONValue {
        let list = self.value as? [Any] ?? []
        return JSONValue(value: list.indices.contains(index) ? list[index] : nil)
    }

    var list: [JSONValue] { (self.value as? [Any] ?? []).map { JSONValue(value: $0) } }
    var text: String? { self.value as? String }
    var integer: Int? { (self.value as? NSNumber)?.intValue }
    var flag: Bool? { self.value as? Bool }
    var keys: Set<String> { Set((self.value as? [String: Any] ?? [:]).keys) }
    /// A number or the number that a text says, exactly as written.
    var decimal: Decimal? {
        self.text.flatMap { Decimal(string: $0) }
            ?? (self.value as? NSNumber).flatMap { Decimal(string: $0.stringValue) }
    }
}
