import CArchive
import MarketModel
import Resilience
import Venues

@testable import Backfill

/// A venue with archives of trades and nothing else.
struct TestArchives: VenueHistory, Sendable {
    static let venue = VenueID("binance")
    static let segment = SegmentID(Self.venue, "spot")

    var decoder = TestDecoder.Kind.trades

    static var instrument: Instrument {
        var instrument = Instrument(
            venue: Self.venue, segment: "spot", market: .spot, symbol: "T-USDT", venueSymbol: "TUSDT", base: "T",
            quote: "USDT", contract: .spot, unit: .base)
        instrument.tickSize = "0.1"
        instrument.lotSize = "1"
        return instrument
    }

    static func archive(path: String = ArchiveRig.path, checksum: String? = nil) -> VenueArchive {
        VenueArchive(
            segment: Self.segment, symbol: "TUSDT", kind: .trade, span: .day, rangeMilliseconds: ArchiveRig.day,
            path: path, checksumPath: checksum)
    }

    static func named(_ path: String = ArchiveRig.path, checksum: String? = nil) -> ArchiveLocation {
        .named(Self.archive(path: path, checksum: checksum))
    }

    /// What a list tells: its body is the address.
    static var listed: ArchiveLocation {
        let request = VenueRequest(Self.segment, path: "/list", costs: [VenueRequest.Cost("spot", 1)])
        return .listed(request, Self.archive(path: ""))
    }

    // MARK: - VenueHistory

    var archiveAddress: String? { nil }

    func hasArchives(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> Bool { kind == .trade }

    func archiveAddress(_ body: [UInt8], of archive: VenueArchive) throws(UnreadableAnswer) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        if text == "?" { throw UnreadableAnswer("no list") }
        return text.isEmpty ? nil : text
    }

    func makeArchiveDecoder(for archive: VenueArchive, instrument: InstrumentID) -> (any ArchiveDecoder)? {
        archive.kind == .trade ? TestDecoder(instrument: instrument, kind: self.decoder) : nil
    }

    func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer? { nil }

    func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> HistoryRequest? { nil }

    func tradeSearchRequest(
        of symbol: String, atMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest? { nil }

    func lastTradeRequest(
        of symbol: String, fromMilliseconds: Int64, beforeMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> VenueRequest? { nil }

    func archives(
        of kind: HistoryKind, instrument: Instrument, rangeMilliseconds: Range<Int64>, nowMilliseconds: Int64,
        in segment: VenueSegment, wanted: Wanted
    ) -> [ArchiveLocation] { [] }
}

/// Reads lines `id,price,size,milliseconds` behind a heading.
struct TestDecoder: ArchiveDecoder {
    enum Kind: Sendable {
        case trades
        /// Each line gives a trade, and then what has no past.
        case tradesAndSigns
    }

    let instrument: InstrumentID
    var kind = Kind.trades
    private var scales = DecimalScales()

    init(instrument: InstrumentID, kind: Kind = .trades) {
        self.instrument = instrument
        self.kind = kind
    }

    mutating func setScales(_ scales: DecimalScales) { self.scales = scales }

    mutating func decode(_ line: Frame, isFirst: Bool, into batch: inout EventBatch) throws(FrameRefusal) {
        let text = String(decoding: line.bytes, as: UTF8.self)
        if isFirst, text.hasPrefix("id,") { return }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 4, let time = Int64(parts[3]) else { throw .missingField }
        if parts[0] == "fund" { throw .notMarket }
        if parts[0] == "other" { throw .mismatch }
        var wider = self.scales
        let (price, size): (Int64, Int64)
        do {
            wider.price = max(wider.price, try FixedPoint.scale(of: parts[1]))
            wider.size = max(wider.size, try FixedPoint.scale(of: parts[2]))
            if wider != self.scales { throw FrameRefusal.needsScale(self.instrument, wider) }
            price = try FixedPoint.parse(parts[1], scale: self.scales.price)
            size = try FixedPoint.parse(parts[2], scale: self.scales.size)
        } catch let refusal as FrameRefusal {
            throw refusal
        } catch {
            throw .missingField
        }
        let trade = Trade(
            instrument: self.instrument, id: FrameText(offset: 0, count: parts[0].utf8.count), sequence: 0,
            price: price, size: size, aggressor: .buy, isAggregate: false, eventTime: Timestamp(milliseconds: time),
            sentTime: .none, receivedMicroseconds: line.receivedMicroseconds)
        guard batch.append(.trade(trade)) else { throw .tooLarge }
        if self.kind == .tradesAndSigns { _ = batch.append(.instrument(self.instrument)) }
    }
}

/// Packs files as venues do.
enum TestZip {
    /// A ZIP of one table.
    static func of(_ text: String) -> [UInt8] { Self.of([("T-2026-07-21.csv", Array(text.utf8))]) }

    static func of(_ files: [(name: String, body: [UInt8])]) -> [UInt8] {
        let size = files.reduce(4_096) { $0 + $1.body.count + 1_024 }
        var packed = [UInt8](repeating: 0, count: size)
        var used = 0
        packed.withUnsafeMutableBytes { buffer in
            let archive = archive_write_new()
            archive_write_set_format_zip(archive)
            archive_write_open_memory(archive, buffer.baseAddress, buffer.count, &used)
            for file in files {
                let entry = archive_entry_new()
                archive_entry_set_pathname(entry, file.name)
                archive_entry_set_size(entry, Int64(file.body.count))
                archive_entry_set_filetype(entry, 0o100000)
                archive_entry_set_perm(entry, 0o644)
                archive_write_header(archive, entry)
                _ = file.body.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
                archive_entry_free(entry)
            }
            archive_write_close(archive)
            archive_write_free(archive)
        }
        return Array(packed[..<used])
    }

    /// Lines of trades with a heading, a second apart from the beginning of the day.
    static func table(_ count: Int) -> String {
        (0..<count).reduce(into: "id,price,size,time\n") { text, index in
            text += "\(index),\(100 + index).5,\(index + 1),\(ArchiveRig.day.lowerBound + Int64(index) * 1_000)\n"
        }
    }

    /// What `table` says.
    static func rows(_ count: Int) -> [String] { (0..<count).map { "\($0) \(100 + $0).5 \($0 + 1)" } }
}
