import MarketModel
import TestSupport
import Testing
import Venues

/// Frames that are not as the documentation has them: in other orders, with more, with less, with something else.
extension ConformanceTests {
    /// A frame of a section with what it gives, and a decoder of the streams that it came on.
    private struct Subject {
        let section: ConformanceSection
        let entry: ConformanceFixture.Entry
        let asked: ConformanceSection.Question?
        let whole: SectionDecoder.Reading
        private let names: Set<String>

        init(
            _ section: ConformanceSection, _ entry: ConformanceFixture.Entry, _ asked: ConformanceSection.Question?
        ) {
            var decoder = SectionDecoder(section)
            self.section = section
            self.entry = entry
            self.asked = asked
            self.whole = decoder.read(entry.text, asked)
            // An answer needs a stream of its instrument at most.
            let places = asked == nil ? self.whole.places : [0]
            self.names = Set(places.map { decoder.streams[$0].name })
        }

        /// Reads a text as the first frame of a socket.
        func read(_ bytes: [UInt8]) -> SectionDecoder.Reading {
            var decoder = SectionDecoder(self.section, only: self.names)
            return decoder.read(bytes, self.asked)
        }

        func read(_ text: String) -> SectionDecoder.Reading { self.read(Array(text.utf8)) }

        /// Whether a text gives the same as the whole frame.
        func isSame(_ reading: SectionDecoder.Reading) -> Bool {
            reading.refusal == nil && reading.events == self.whole.events && reading.control == self.whole.control
        }
    }

    private static func subjects(_ id: SegmentID) throws -> [Subject] {
        let section = try ConformanceSection(id)
        return section.frames.map { Subject(section, $0.entry, $0.asked) }
    }

    private static func trees(_ id: SegmentID) throws -> [(subject: Subject, tree: JSONTree)] {
        try Self.subjects(id).map { subject in
            (subject, try #require(JSONTree(subject.entry.text), "\(subject.entry.key) is no JSON"))
        }
    }

    @Test("The order of keys does not matter", arguments: sections)
    func order(_ id: SegmentID) throws {
        var random = SeededGenerator(seed: 7)
        for (subject, tree) in try Self.trees(id) {
            var texts = [tree.mapObjects { $0.reversed() }.text]
            for _ in 0..<20 { texts.append(tree.mapObjects { $0.shuffled(using: &random) }.text) }
            for text in texts { #expect(subject.isSame(subject.read(text)), "\(subject.entry.key) \(text)") }
        }
    }

    @Test("Fields that nobody knows are passed over, wherever they stand", arguments: sections)
    func unknownFields(_ id: SegmentID) throws {
        let values = ["null", "true", "-1.5e3", #""]}\"""#, #"{"a":[1,"x",{"b":[]}]}"#, "[[],{}]"]
        for (subject, tree) in try Self.trees(id) {
            for value in values {
                let field = (key: #""zz_new""#, value: JSONTree.token(value))
                for text in [tree.mapObjects { [field] + $0 }.text, tree.mapObjects { $0 + [field] }.text] {
                    #expect(subject.isSame(subject.read(text)), "\(subject.entry.key) \(text)")
                }
            }
        }
    }

    @Test("A field of another type is refused or passed over, and makes no value another one", arguments: sections)
    func wrongTypes(_ id: SegmentID) throws {
        for (subject, tree) in try Self.trees(id) {
            let variants = tree.withWrongTypes
            #expect(!variants.isEmpty)
            for variant in variants {
                let reading = subject.read(variant.text)
                // Each event is one of the whole frame's, in their order, or says less than it.
                var left = subject.whole.events[...]
                for event in reading.events {
                    let place = left.firstIndex { event.saysNoMore(than: $0) }
                    #expect(place != nil, "\(subject.entry.key) \(variant.text) gave \(event)")
                    left = left[(place.map { $0 + 1 } ?? left.startIndex)...]
                }
            }
        }
    }

    @Test("A frame that is cut at whatever byte is refused, or gives what it gives whole", arguments: sections)
    func cut(_ id: SegmentID) throws {
        for subject in try Self.subjects(id) {
            let bytes = Array(subject.entry.text.utf8)
            for count in bytes.indices {
                let reading = subject.read(Array(bytes[..<count]))
                #expect(
                    reading.refusal != nil || subject.isSame(reading),
                    "\(subject.entry.key) cut at \(count) gave \(reading.events)")
            }
        }
    }

    @Test("A frame with bytes changed never traps", arguments: sections)
    func changedBytes(_ id: SegmentID) throws {
        var random = SeededGenerator(seed: 11)
        for subject in try Self.subjects(id) {
            let bytes = Array(subject.entry.text.utf8)
            var refusals = 0
            for _ in 0..<100 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if subject.read(changed).refusal != nil { refusals += 1 }
            }
            #expect(refusals > 0, "\(subject.entry.key)")
        }
    }
}
