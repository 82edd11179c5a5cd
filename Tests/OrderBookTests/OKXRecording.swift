import CZlib
import Foundation
import MarketModel

/// The recorded frames of OKX's `books` channel, read with Foundation's JSON alone.
///
/// They are of 2022-05-13, when checksums were valid and frames had no ids yet.
struct OKXRecording {
    struct Row {
        var price: String
        var size: String
    }

    struct Frame {
        var instrument: String
        var isSnapshot: Bool
        var bids: [Row]
        var asks: [Row]
        var checksum: Int32
    }

    var frames: [Frame] = []

    /// The recording that stands beside the package or in `SLUICE_RECORDINGS`, where it does.
    static let path: String? = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let beside = package.deletingLastPathComponent().appending(path: "shared/recordings").path
        return [ProcessInfo.processInfo.environment["SLUICE_RECORDINGS"], beside].compactMap { $0 }
            .map { $0 + "/okx.ndjson.gz" }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// Reads every frame of a book, in order.
    init(path: String) throws {
        let lines = String(decoding: Self.unpacked(path), as: UTF8.self).split(separator: "\n")
        for line in lines {
            let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard record?["direction"] as? String == "received", let raw = record?["raw"] as? String else { continue }
            let message = try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any]
            let argument = message?["arg"] as? [String: Any]
            guard argument?["channel"] as? String == "books", let instrument = argument?["instId"] as? String,
                let action = message?["action"] as? String, let data = message?["data"] as? [[String: Any]]
            else { continue }
            for entry in data {
                guard let checksum = (entry["checksum"] as? NSNumber)?.int32Value else { continue }
                self.frames.append(
                    Frame(
                        instrument: instrument, isSnapshot: action == "snapshot", bids: Self.rows(entry["bids"]),
                        asks: Self.rows(entry["asks"]), checksum: checksum))
            }
        }
    }

    /// The most fraction digits of an instrument's prices and sizes.
    func scales(of instrument: String) throws -> DecimalScales {
        var scales = DecimalScales()
        for frame in self.frames where frame.instrument == instrument {
            for row in frame.bids + frame.asks {
                scales.price = max(scales.price, try FixedPoint.scale(of: row.price))
                scales.size = max(scales.size, try FixedPoint.scale(of: row.size))
            }
        }
        return scales
    }

    private static func rows(_ value: Any?) -> [Row] {
        (value as? [[String]] ?? []).map { Row(price: $0[0], size: $0[1]) }
    }

    private static func unpacked(_ path: String) -> [UInt8] {
        guard let file = gzopen(path, "rb") else { return [] }
        defer { gzclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = gzread(file, &piece, UInt32(piece.count)), count > 0 {
            bytes += piece[..<Int(count)]
        }
        return bytes
    }
}

extension OKXRecording.Row {
    func level(_ scales: DecimalScales) throws -> Level {
        Level(
            price: try FixedPoint.parse(self.price, scale: scales.price),
            size: try FixedPoint.parse(self.size, scale: scales.size))
    }
}
