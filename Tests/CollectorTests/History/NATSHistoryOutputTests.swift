import Backfill
import Foundation
import MarketModel
import Publishing
import Testing
import Venues

@testable import Collector

@Suite("Messages of the past")
struct NATSHistoryOutputTests {
    @Test("Rows of every kind fit the schema of live messages, and are there once after a second try")
    func kinds() async throws {
        let server = try EmbeddedNATSServer(.init(directory: HistorySamples.temporaryFolder()))
        try await server.start()
        let connection = NATSConnectionOptions(addresses: [server.url])
        let publisher = HistoryPublisher(
            HistoryPublisherConfiguration(connection: connection, subjects: Subjects(), instance: "i", boot: "b"))
        let output = NATSHistoryOutput(publisher, stream: "HISTORY")
        #expect(output.name == "nats:HISTORY")
        let begun = Int64(Date().timeIntervalSince1970 * 1_000_000)
        let pages = HistorySamples.rows(at: HistorySamples.midnight) + [(.trade, HistorySamples.trades(1...50))]
        for isRepeated in [false, true] {
            for (kind, page) in pages {
                let piece = try await output.begin(HistorySamples.piece(kind, begun: isRepeated ? begun : nil))
                try await piece.write(page)
                let counts = try await piece.finish()
                let rows = UInt64(page.rows.count)
                #expect(
                    counts.written == (isRepeated ? 0 : rows) && counts.skipped == (isRepeated ? rows : 0), "\(kind)")
            }
        }
        await publisher.close()
        var lines = Data()
        var subjects: Set<String> = []
        let reader = try StreamReader(connecting: connection)
        _ = try reader.read(.init("HISTORY", from: .first, deadline: .now + .seconds(30))) { message in
            let message = StoredMessage(message)
            subjects.insert(message.subject)
            lines.append(contentsOf: message.payload)
            lines.append(UInt8(ascii: "\n"))
            return true
        }
        #expect(subjects.count == 8)
        #expect(subjects.contains("md.history.lsr_top_account.binance.perpetual.BTC-USDT"))
        let texts = String(decoding: lines, as: UTF8.self).split(separator: "\n")
        #expect(texts.count == 57)
        for text in texts {
            #expect(text.hasSuffix(",\"backfilled\":true}") && text.contains("\"received_us\":1795300000000000,"))
        }
        let child = try ChildProcess(
            TestPaths.python, [TestPaths.root + "/scripts/validate-messages"], in: NSTemporaryDirectory(), input: lines)
        let result = try await child.result(atMost: .seconds(60))
        #expect(result.status == 0, "\(result.output.suffix(1_500)) \(result.errors.suffix(600))")
        await server.stop()
    }
}
