import MarketModel
import Testing
import Venues

/// A decoder of archives, to put lines through as a download does: each alone, scales widened when that is asked for.
struct ArchiveRig {
    static let received: Int64 = 1_790_000_000_000_000

    private var decoder: any ArchiveDecoder
    private(set) var scales = DecimalScales()

    init(_ decoder: (any ArchiveDecoder)?) throws {
        self.decoder = try #require(decoder)
    }

    mutating func decode(_ line: String, isFirst: Bool = false) throws(FrameRefusal) -> [MarketEvent] {
        try self.decode(bytes: Array(line.utf8), isFirst: isFirst)
    }

    mutating func decode(bytes: [UInt8], isFirst: Bool = false) throws(FrameRefusal) -> [MarketEvent] {
        // Memory of its own and of the exact size: a read past it is caught by the address sanitizer.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let line = Frame(
            bytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]), receivedMicroseconds: Self.received)
        var batch = EventBatch()
        for _ in 0..<40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                try self.decoder.decode(line, isFirst: isFirst, into: &batch)
                return batch.events
            } catch {
                guard case .needsScale(_, let scales) = error else { throw error }
                self.scales = scales
                self.decoder.setScales(scales)
            }
        }
        throw .missingField
    }

    mutating func trade(_ line: String) throws -> Trade {
        let events = try self.decode(line)
        guard events.count == 1, case .trade(let trade) = events[0] else { throw FrameRefusal.unknownEvent }
        return trade
    }

    mutating func quote(_ line: String, isFirst: Bool = false) throws -> BestBidOffer {
        let events = try self.decode(line, isFirst: isFirst)
        guard events.count == 1, case .bestBidOffer(let offer) = events[0] else { throw FrameRefusal.unknownEvent }
        return offer
    }

    mutating func bar(_ line: String) throws -> Kline {
        let events = try self.decode(line)
        guard events.count == 1, case .kline(let bar) = events[0] else { throw FrameRefusal.unknownEvent }
        return bar
    }

    /// The label of what refuses a line; nil where nothing does.
    mutating func refusal(of line: String, isFirst: Bool = false) -> String? {
        do throws(FrameRefusal) {
            _ = try self.decode(line, isFirst: isFirst)
            return nil
        } catch {
            return error.label
        }
    }

    /// Puts a line through with bytes changed, cut and put in; gives the labels of what became of it.
    mutating func outcomes(ofDamaging line: String, times: Int, seed: UInt64) -> Set<String> {
        var generator = SteadyGenerator(state: seed)
        var outcomes: Set<String> = []
        for round in 0..<times {
            var bytes = Array(line.utf8)
            for _ in 0...generator.next(3) {
                let place = generator.next(bytes.count + 1)
                switch generator.next(4) {
                case 0 where place < bytes.count: bytes.remove(at: place)
                case 1: bytes.insert(UInt8(generator.next(256)), at: place)
                case 2 where place < bytes.count: bytes[place] = Array(",.-e0\"\r9".utf8)[generator.next(8)]
                default: bytes = Array(bytes.prefix(place))
                }
            }
            do throws(FrameRefusal) {
                for event in try self.decode(bytes: bytes, isFirst: round % 5 == 0) {
                    let count = bytes.count
                    switch event {
                    case .trade(let trade): #expect(Int(trade.id.offset + trade.id.count) <= count)
                    case .kline(let bar):
                        for text in [bar.open, bar.high, bar.low, bar.close, bar.baseVolume, bar.quoteVolume] {
                            #expect(Int(text.offset + text.count) <= count)
                        }
                    default: continue
                    }
                }
                outcomes.insert("taken")
            } catch {
                outcomes.insert(error.label)
            }
        }
        return outcomes
    }
}
