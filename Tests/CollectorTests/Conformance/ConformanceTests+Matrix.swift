import MarketModel
import Testing
import Venues

/// Every cell of the matrix: what is offered is read, what is not is refused with a reason.
extension ConformanceTests {
    /// A kind of data of a section.
    struct Cell: Sendable, CustomTestStringConvertible {
        let section: SegmentID
        let type: DataType

        var testDescription: String { "\(self.section) \(self.type.rawValue)" }
    }

    static let cells = Self.sections.flatMap { section in DataType.allCases.map { Cell(section: section, type: $0) } }

    @Test(
        "An offered kind of data comes of a stream or an answer, another is refused with its reason", arguments: cells)
    func cell(_ cell: Cell) throws {
        let section = try ConformanceSection(cell.section)
        let wanted = ConformanceSection.wanted(of: [cell.type], in: section.segment)
        let streams = ConformanceSection.streams(of: section.symbols, section.venue, section.segment, wanted)
        let polls = section.venue.polls(of: section.instruments, in: section.segment, wanted: wanted)
        let offer = section.segment.offer(of: cell.type)
        if case .refused(let reason) = offer {
            #expect(!reason.isEmpty && streams.isEmpty && polls.isEmpty)
            return
        }
        if offer.isStreamed {
            // What comes for the whole section is carried by the connections of the symbols.
            #expect(section.streams.contains { $0.types.contains(cell.type) }, "no stream brings it")
            #expect(try Self.streamed(cell.type, section), "no frame of stream.\(cell.type.rawValue) gives it")
        }
        if offer.isPolled, cell.type != .instrument {
            #expect(polls.contains { $0.type == cell.type }, "no poll asks for it")
            try Self.expectPolled(cell.type, section)
        }
        if section.pastQuestion(of: cell.type) != nil { try Self.expectPast(cell.type, section) }
        if cell.type == .instrument {
            #expect(section.instruments.map(\.venueSymbol) == section.symbols)
        }
    }

    private static func streamed(_ type: DataType, _ section: ConformanceSection) throws -> Bool {
        let entries = section.fixture.all("stream.\(type.rawValue)")
        return entries.contains { entry in
            var decoder = SectionDecoder(section)
            let reading = decoder.read(entry.text)
            return type == .instrument
                ? reading.control == .instrumentsChanged : reading.events.contains { $0.type == type }
        }
    }

    /// What is asked for later comes oldest first, is backfilled where its answer tells it from others, and nothing that
    /// streams and polls bring is.
    private static func expectPast(_ type: DataType, _ section: ConformanceSection) throws {
        let asked = try #require(section.pastQuestion(of: type))
        var decoder = SectionDecoder(section)
        let reading = decoder.read(try section.fixture.text("history.\(type.rawValue)"), asked)
        let events = reading.events.filter { $0.type == type }
        #expect(reading.refusal == nil && events.count > 1)
        let times = events.compactMap { Int64(($0.fields[type == .kline ? "openTime" : "eventTime"] ?? "")) }
        #expect(times.count == events.count && times == times.sorted())
        // Figures come by the same questions when they are polled: who asks tells.
        let tells: Set<DataType> = [.trade, .kline, .fundingRate]
        #expect(events.allSatisfy { $0.fields["isBackfilled"] == "\(tells.contains(type))" })
        for (entry, asked) in section.frames where !entry.key.hasPrefix("history.") {
            var other = SectionDecoder(section)
            #expect(other.read(entry.text, asked).events.allSatisfy { $0.fields["isBackfilled"] != "true" })
        }
    }

    /// An answer gives events of its kind, or, where it is about the whole section, changes what streams give.
    private static func expectPolled(_ type: DataType, _ section: ConformanceSection) throws {
        let asked = try #require(section.question(of: type))
        let answer = try section.fixture.text("answer.\(type.rawValue)")
        var decoder = SectionDecoder(section)
        let reading = decoder.read(answer, asked)
        #expect(reading.refusal == nil)
        guard asked.instrument == nil else {
            #expect(reading.events.contains { $0.type == type })
            return
        }
        let frame = try section.fixture.text("stream.\(type.rawValue)")
        var other = SectionDecoder(section)
        #expect(decoder.read(frame).events != other.read(frame).events)
    }

    @Test("Every frame gives what its fixture says", arguments: sections)
    func frames(_ id: SegmentID) throws {
        let section = try ConformanceSection(id)
        for (entry, asked) in section.frames where !entry.key.hasPrefix("book.") {
            var decoder = SectionDecoder(section)
            let reading = decoder.read(entry.text, asked)
            #expect(reading.refusal == nil, "\(entry.key) \(entry.text)")
            let gives = reading.events.map(\.description) + (reading.control.map { ["\($0)"] } ?? [])
            #expect(gives == entry.gives, "\(entry.key) \(entry.text)")
        }
    }
}
