/// Decides what a member of a shared budget may take of each scope; knows no clock, no lock and no server.
///
/// Every member has a floor of each scope that nobody lends and that it may always use. What is left, the pool, is held
/// by whoever wrote so into the document, by compare-and-set, so that its parts never add up to more than the pool. A
/// member lowers what it uses before it writes less, and writes more before it uses it. What it wrote counts as its own
/// for `lease` after it began to write; others take it over a whole window and `lease` after they saw the last sign of
/// life. So no clock of another machine is read, and in no window more is used than there is.
///
/// Times are durations since an origin of the driver's choice.
package struct BudgetMember: Sendable {
    package struct Settings: Sendable {
        /// How many processes share the address at most.
        package var members: Int
        /// What each of them has for ever, in parts of `RateShare.whole`.
        package var floor: Int

        /// - Parameters:
        ///   - fallbackPercent: The share of each limit that is never lent; the members have it in equal parts.
        package init(members: Int, fallbackPercent: Int) {
            self.members = max(1, members)
            self.floor = RateShare.whole / 100 * min(max(fallbackPercent, 0), 100) / self.members
        }

        /// What a member has of a scope's first window while the others are not heard.
        package func fallback(of limits: RateLimits) -> Int {
            var scope = RateScope(limits: limits)
            scope.share(self.terms)
            return RateShare.portion(scope.demand().floor, of: limits.windows.first?.limit ?? 0)
        }

        package var terms: RateShare.Terms { RateShare.Terms(floor: self.floor, members: self.members) }
    }

    /// What is written next, and what may be used once it stands.
    package struct Proposal: Sendable {
        package let document: BudgetDocument
        /// By scope, the floor included.
        package let shares: [String: Int]
        /// When the proposal was made, which is before it is written.
        package let madeAt: Duration

        /// The shares hold until then.
        package var until: Duration { self.madeAt + BudgetMember.lease - BudgetMember.margin }
    }

    /// How often a member writes.
    package static let interval = Duration.seconds(1)
    /// For how long a member holds what it wrote. All members of one document have the same.
    package static let lease = Duration.seconds(6)
    /// What it ends earlier by its own clock: for requests that reach the venue later than others, and for clocks that
    /// do not run alike.
    package static let margin = Duration.seconds(1)
    /// For how long a holding counts whose scope is not known here.
    private static let unknownLength = Duration.seconds(900)

    private struct Sighting {
        var beat: UInt64
        var since: Duration
    }

    package let id: String
    package let settings: Settings
    private var beat: UInt64 = 0
    private var sightings: [String: Sighting] = [:]
    private var epoch: (number: UInt64, since: Duration)?
    /// The members that are heard, us among them.
    package private(set) var heard = 0
    /// For how long others said, newly since the last look, that the venue closed scopes to them.
    package private(set) var closures: [String: Duration] = [:]
    /// Whether more are there than the limits were divided for.
    package var isCrowded: Bool { self.heard > self.settings.members }

    package init(id: String, settings: Settings) {
        self.id = BudgetDocument.id(id)
        self.settings = settings
    }

    /// Reads the document, and says what our share of each scope should become.
    ///
    /// - Parameters:
    ///   - document: Without what has run out; nil when there is none that can be read.
    ///   - epoch: For a new one.
    package mutating func read(
        _ document: BudgetDocument?, _ demands: [String: RateDemand], epoch: @autoclosure () -> UInt64, now: Duration
    ) -> (document: BudgetDocument, targets: [String: Int]) {
        var document = document ?? BudgetDocument(epoch: epoch())
        if self.epoch?.number != document.epoch { self.epoch = (document.epoch, now) }
        if let since = self.epoch?.since {
            document.age = max(document.age, Int(clamping: (now - since).components.seconds))
        }
        self.see(document, now: now)
        self.forget(&document, demands, now: now)
        self.enter(demands, in: &document)
        self.hear(document, now: now)
        self.heard = document.members.count { !self.isSilent($0, now: now) }
        var targets: [String: Int] = [:]
        for (scope, demand) in demands {
            targets[scope] = demand.floor + self.target(of: scope, demand, in: document, now: now)
        }
        return (document, targets)
    }

    /// Says what to write, once the shares were lowered to the targets as far as what was used allows.
    ///
    /// - Parameter lowered: By scope, all that we may have used or will: what `LimiterRegistry.lower` gave.
    package mutating func propose(
        _ document: BudgetDocument, _ targets: [String: Int], lowered: [String: Int], _ demands: [String: RateDemand],
        now: Duration
    ) -> Proposal {
        var document = document
        var shares: [String: Int] = [:]
        self.beat += 1
        guard let mine = document.members.firstIndex(where: { $0.id == self.id }) else {
            return Proposal(document: document, shares: [:], madeAt: now)
        }
        document.members[mine].beat = self.beat
        for (scope, demand) in demands {
            let held = max(0, (lowered[scope] ?? demand.floor) - demand.floor)
            var pool = held
            // What was promised in a document that was lost has run out after this time.
            if Duration.seconds(document.age) > Self.lease + demand.length {
                let wanted = max(0, (targets[scope] ?? 0) - demand.floor)
                let free = self.pool(of: demand, in: document) - self.taken(of: scope, in: document)
                pool = max(held, min(wanted, free))
            }
            document.members[mine].holdings[scope]?.pool = pool
            shares[scope] = demand.floor + pool
        }
        document.members[mine].holdings = document.members[mine].holdings.filter { !$0.value.isEmpty }
        return Proposal(document: document, shares: shares, madeAt: now)
    }

    // MARK: - What others do

    private mutating func see(_ document: BudgetDocument, now: Duration) {
        var seen: [String: Sighting] = [:]
        for member in document.members {
            let known = self.sightings[member.id]
            seen[member.id] = known?.beat == member.beat ? known : Sighting(beat: member.beat, since: now)
        }
        self.sightings = seen
    }

    /// Takes what those who wrote since the last look say: of who is silent, a closure would never end.
    private mutating func hear(_ document: BudgetDocument, now: Duration) {
        self.closures = [:]
        for member in document.members where member.id != self.id && self.sightings[member.id]?.since == now {
            for (scope, seconds) in member.closures {
                self.closures[scope] = max(self.closures[scope] ?? .zero, .seconds(seconds))
            }
        }
    }

    private func silence(of member: BudgetDocument.Member, now: Duration) -> Duration {
        self.sightings[member.id].map { now - $0.since } ?? .zero
    }

    private func isSilent(_ member: BudgetDocument.Member, now: Duration) -> Bool {
        member.id != self.id && self.silence(of: member, now: now) > Self.lease
    }

    /// Takes out what nobody can have used within any window that still runs.
    private func forget(_ document: inout BudgetDocument, _ demands: [String: RateDemand], now: Duration) {
        for index in document.members.indices where document.members[index].id != self.id {
            let silence = self.silence(of: document.members[index], now: now)
            document.members[index].holdings = document.members[index].holdings.filter { scope, _ in
                silence <= Self.lease + (demands[scope]?.length ?? Self.unknownLength)
            }
        }
        let longest = demands.values.map(\.length).max() ?? Self.unknownLength
        document.members.removeAll { member in
            member.id != self.id && member.holdings.isEmpty
                && self.silence(of: member, now: now) > Self.lease + longest
        }
    }

    /// Writes ourselves and what we want into the document; what we hold stays until `propose`.
    private func enter(_ demands: [String: RateDemand], in document: inout BudgetDocument) {
        if !document.members.contains(where: { $0.id == self.id }),
            document.members.count < BudgetDocument.membersMost
        {
            document.members.append(BudgetDocument.Member(id: self.id, beat: self.beat, floor: self.settings.floor))
        }
        guard let mine = document.members.firstIndex(where: { $0.id == self.id }) else { return }
        for (scope, demand) in demands {
            document.members[mine].holdings[scope, default: BudgetDocument.Holding()].urgent =
                self.wish(demand.urgent, demand)
            document.members[mine].holdings[scope]?.total = self.wish(demand.total, demand)
        }
        document.members[mine].closures = demands.compactMapValues { demand in
            demand.closedFor > .zero ? min(Self.wholeSeconds(demand.closedFor), BudgetDocument.closureMost) : nil
        }
    }

    private static func wholeSeconds(_ duration: Duration) -> Int {
        let parts = duration.components
        return Int(clamping: parts.seconds) + (parts.attoseconds > 0 ? 1 : 0)
    }

    /// What is wanted beyond the floor: half more than is used and waits, so that a rising need is not held up.
    private func wish(_ needed: Int, _ demand: RateDemand) -> Int {
        min(RateShare.whole, max(0, needed + needed / 2 - demand.floor))
    }

    // MARK: - Parts of the pool

    /// What no member has as its floor; a member too many has one as well.
    private func pool(of demand: RateDemand, in document: BudgetDocument) -> Int {
        let floors = document.members.reduce(0) { $0 + max($1.floor, demand.floor) }
        let absent = max(0, self.settings.members - document.members.count)
        return max(0, RateShare.whole - floors - absent * demand.floor)
    }

    /// What others hold of a scope's pool.
    private func taken(of scope: String, in document: BudgetDocument) -> Int {
        document.members.reduce(0) { $0 + ($1.id == self.id ? 0 : $1.holdings[scope]?.pool ?? 0) }
    }

    /// Our part of a scope's pool when everyone has what is his: urgent wishes first, each kind in equal parts.
    private func target(
        of scope: String, _ demand: RateDemand, in document: BudgetDocument, now: Duration
    ) -> Int {
        var room = self.pool(of: demand, in: document)
        var wishes: [(isMine: Bool, urgent: Int, rest: Int)] = []
        for member in document.members {
            guard let holding = member.holdings[scope] else { continue }
            if self.isSilent(member, now: now) {
                room -= holding.pool
            } else {
                wishes.append((member.id == self.id, holding.urgent, max(0, holding.total - holding.urgent)))
            }
        }
        room = max(0, room)
        let urgent = Self.parts(of: room, among: wishes.map(\.urgent))
        let rest = Self.parts(of: room - urgent.reduce(0, +), among: wishes.map(\.rest))
        guard let mine = wishes.firstIndex(where: \.isMine) else { return 0 }
        return urgent[mine] + rest[mine]
    }

    /// Divides `room` so that whoever wants less than an equal part has all of it, and the others equal parts.
    static func parts(of room: Int, among wishes: [Int]) -> [Int] {
        var parts = [Int](repeating: 0, count: wishes.count)
        var left = room
        let order = wishes.indices.sorted { (wishes[$0], $0) < (wishes[$1], $1) }
        for (place, index) in order.enumerated() {
            parts[index] = min(wishes[index], left / (order.count - place))
            left -= parts[index]
        }
        return parts
    }
}
