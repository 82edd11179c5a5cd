import Testing

@testable import Backfill

@Suite("What is known of a part")
struct PartNoteTests {
    @Test("A note is read as it was written")
    func roundTrip() throws {
        for validator in [PartNote.Validator.entityTag("\"a b\""), .lastModified("Tue, 21 Jul 2026 00:00:00 GMT"), nil]
        {
            for length in [nil, 0, 1 << 40] {
                let note = PartNote(identity: "https://h/p.zip", validator: validator, length: length)
                #expect(PartNote(note.text) == note)
            }
        }
    }

    @Test("A note that was cut anywhere, or is another's, is none")
    func cut() {
        let text = PartNote(identity: "https://h/p.zip", validator: .entityTag("\"a\""), length: 12).text
        for count in 0..<text.count { #expect(PartNote(String(text.prefix(count))) == nil) }
        #expect(PartNote(text.replacing("download 1", with: "download 2")) == nil)
        #expect(PartNote(text.replacing("12", with: "-12")) == nil)
    }

    @Test(
        "A content range is three numbers that fit each other",
        arguments: [
            ("bytes 5-9/10", true), ("bytes 0-0/*", true), ("bytes 5-10/10", false), ("bytes 9-5/10", false),
            ("bytes */10", false), ("items 1-2/3", false), ("bytes 1-2", false), ("bytes -1-2/3", false),
            ("bytes 1-9223372036854775807/*", false), ("", false),
        ])
    func contentRange(_ text: String, _ isOne: Bool) {
        #expect((ContentRange(text) != nil) == isOne)
    }

    @Test("A checksum is 64 hexadecimal digits at the beginning")
    func checksum() {
        let digits = String(repeating: "aB", count: 32)
        #expect(ChecksumText.digest(in: "\(digits)  T.zip\n") == digits.lowercased())
        #expect(ChecksumText.digest(in: digits) == digits.lowercased())
        #expect(ChecksumText.digest(in: "\(digits)0  T.zip") == nil)
        #expect(ChecksumText.digest(in: String(repeating: "g", count: 64)) == nil)
        #expect(ChecksumText.digest(in: "") == nil)
    }
}
