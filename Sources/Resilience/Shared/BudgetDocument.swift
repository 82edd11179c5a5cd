/// Who holds how much of what a venue allows one address, as all members write it into one key.
///
/// Text, a line each, so that people can read it: `sluice-budget 1 <epoch> <age>`, then for each member
/// `member <id> <beat> <floor>` and behind it `scope <name> <pool> <urgent> <total>`, and
/// `closed <name> <time>` where the venue closed a scope to it; numbers in parts of `RateShare.whole`, age and time in
/// seconds.
package struct BudgetDocument: Hashable, Sendable {
    /// What a member has of one scope beyond its floor, and what it would like to have.
    package struct Holding: Hashable, Sendable {
        /// All that it may have used within the scope's longest window, or will before it writes again.
        package var pool = 0
        package var urgent = 0
        package var total = 0

        package init(pool: Int = 0, urgent: Int = 0, total: Int = 0) {
            self.pool = pool
            self.urgent = urgent
            self.total = total
        }

        var isEmpty: Bool { self.pool == 0 && self.total == 0 }
    }

    package struct Member: Hashable, Sendable {
        package let id: String
        /// Grows with every time that the member writes: a sign of life that needs no clock.
        package var beat: UInt64
        package var floor: Int
        package var holdings: [String: Holding] = [:]
        /// For how many seconds the venue had closed scopes to it when it wrote.
        package var closures: [String: Int] = [:]
    }

    static let membersMost = 64
    private static let scopesMost = 256
    /// The longest closure that is told, seconds: a venue bans for three days at most.
    static let closureMost = 3 * 86_400
    private static let nameMost = 128
    private static let bytesMost = 1 << 18
    private static let head = "sluice-budget 1 "

    /// Drawn when the document is begun, so that its loss is noticed.
    package let epoch: UInt64
    /// For how long it has been there at least, in seconds: what was promised before it has run out after a while.
    package var age = 0
    package var members: [Member] = []

    package init(epoch: UInt64) { self.epoch = epoch }

    /// Reads what is in the key; nil when it is not of this form.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.bytesMost else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let first = lines.first, first.hasPrefix(Self.head) else { return nil }
        let head = first.dropFirst(Self.head.count).split(separator: " ")
        guard head.count == 2, let epoch = UInt64(head[0]), let age = Int(head[1]), (0...1 << 30).contains(age)
        else { return nil }
        self.epoch = epoch
        self.age = age
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            switch (words.first, words.count) {
            case ("member", 4):
                guard self.members.count < Self.membersMost, words[1].utf8.count <= Self.nameMost,
                    let beat = UInt64(words[2]), let floor = Self.part(words[3]),
                    !self.members.contains(where: { $0.id == words[1] })
                else { return nil }
                self.members.append(Member(id: String(words[1]), beat: beat, floor: floor))
            case ("scope", 5):
                guard let last = self.members.indices.last, self.members[last].holdings.count < Self.scopesMost,
                    words[1].utf8.count <= Self.nameMost, let pool = Self.part(words[2]),
                    let urgent = Self.part(words[3]), let total = Self.part(words[4])
                else { return nil }
                self.members[last].holdings[String(words[1])] = Holding(pool: pool, urgent: urgent, total: total)
            case ("closed", 3):
                guard let last = self.members.indices.last, self.members[last].closures.count < Self.scopesMost,
                    words[1].utf8.count <= Self.nameMost, let seconds = Int(words[2]),
                    (1...Self.closureMost).contains(seconds)
                else { return nil }
                self.members[last].closures[String(words[1])] = seconds
            default: return nil
            }
        }
    }

    package var bytes: [UInt8] {
        var text = "\(Self.head)\(self.epoch) \(self.age)\n"
        for member in self.members {
            text += "member \(member.id) \(member.beat) \(member.floor)\n"
            for (name, holding) in member.holdings.sorted(by: { $0.key < $1.key }) {
                text += "scope \(name) \(holding.pool) \(holding.urgent) \(holding.total)\n"
            }
            for (name, seconds) in member.closures.sorted(by: { $0.key < $1.key }) {
                text += "closed \(name) \(seconds)\n"
            }
        }
        return Array(text.utf8)
    }

    /// An id that a document can hold.
    package static func id(_ text: String) -> String {
        let word = text.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: word.suffix(Self.nameMost), as: UTF8.self)
    }

    private static func part(_ word: Substring) -> Int? {
        guard let number = Int(word), (0...RateShare.whole).contains(number) else { return nil }
        return number
    }
}
