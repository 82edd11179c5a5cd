import Foundation
import MarketModel
import OrderBook
import Testing
import Venues

@Suite("OKX recording")
struct OKXRecordingTests {
    /// The folder of recordings beside the package, or nil where there is none.
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment["SLUICE_RECORDINGS"]
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let beside = package.deletingLastPathComponent().appending(path: "shared/recordings").path
        return [environment, beside].compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0 + "/okx.ndjson.gz")
        }
    }()

    private struct Line: Decodable {
        let direction: String?
        let url: String?
        let raw: String
    }

    private static func lines(_ name: String) throws -> [Line] {
        let folder = try #require(Self.folder)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["--decompress", "--stdout", "\(folder)/\(name).ndjson.gz"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Line.self, from: $0) }
    }

    @Test(
        "Every frame of 2022 is read, and every checksum is that of the book at full depth", .enabled(if: folder != nil)
    )
    func frames() throws {
        let symbols = ["BTC-USD-220527", "UNI-USD-SWAP", "BTC-USDT"]
        var rig = OKXRig(.swap, symbols.flatMap { ["books:\($0)", "trades:\($0)"] })
        var keeper = BookKeeper(settings: BookSettings(depth: nil))
        for index in symbols.indices {
            // Wide enough that no price needs more digits than the ones before.
            rig.decoder.setScales(DecimalScales(price: 4, size: 8), of: InstrumentID(index))
            keeper.add(InstrumentID(index), rule: .linked, semantics: .window(400))
            let fits = keeper.rescale(InstrumentID(index), price: 4, size: 8)
            #expect(fits)
        }
        var acknowledged = 0
        var trades = 0
        for line in try Self.lines("okx") where line.direction == "received" {
            // Tickers are not collected.
            let isTicker = line.raw.contains(#""channel":"tickers""#)
            if isTicker, !line.raw.contains(#""event""#) {
                let refusal = rig.refusal(of: line.raw)
                #expect(refusal == "unknown_stream")
                continue
            }
            if case .acknowledged(nil, let places) = try rig.decode(line.raw) {
                #expect(places?.isEmpty == isTicker)
                acknowledged += 1
            }
            for event in rig.events {
                switch event {
                case .depth(let update): keeper.take(update, &rig.batch)
                case .trade(let trade):
                    #expect(trade.sequence > 0 && trade.price > 0 && trade.size > 0)
                    trades += 1
                default: Issue.record("an event that the recording has not")
                }
            }
        }
        #expect(acknowledged == 18 && trades == 39)
        var checksums: UInt64 = 0
        for index in symbols.indices {
            let counts = keeper.withBook(InstrumentID(index)) { $0.counts }
            #expect(counts.checksums == counts.frames + counts.snapshots && counts.checksumFailures == 0)
            #expect(counts.gaps == 0 && counts.crossed == 0 && counts.mismatches == 0)
            checksums += counts.checksums
        }
        #expect(checksums == 169)
    }

    @Test("Every entry of the lists of 2022 is read, those of other types are refused", .enabled(if: folder != nil))
    func instruments() throws {
        var seen: Set<String> = []
        for line in try Self.lines("okx-rest") {
            let body = Array(line.raw.utf8)
            let url = try #require(line.url)
            let own: OKXSegment? = url.hasSuffix("=SPOT") ? .spot : url.hasSuffix("=SWAP") ? .swap : nil
            for segment in OKXSegment.allCases {
                let list = try OKXInstruments.parse(body, segment: segment)
                if segment != own {
                    #expect(list.instruments.isEmpty && list.refused > 0)
                    continue
                }
                #expect(list.refused == 0 && list.instruments.count == (segment == .spot ? 513 : 166))
                #expect(Set(list.instruments.map(\.symbol)).count == list.instruments.count)
                #expect(list.instruments.allSatisfy { $0.tickSize != nil && $0.lotSize != nil && $0.minSize != nil })
                #expect(list.instruments.allSatisfy { ($0.contractSize != nil) == (segment == .swap) })
                seen.insert(segment.rawValue)
            }
        }
        #expect(seen == ["spot", "swap"])
    }
}
