import TestSupport

@testable import Resilience

/// Several processes on one address in a time that is stepped, with one document between them, and all that they sent.
struct SharedBudgetWorld {
    struct Sent {
        let time: Duration
        let member: Int
        let weight: Int
    }

    /// A write on its way: it takes effect at `lands`, and its writer hears of it at `heard`, if at all.
    struct Write {
        let proposal: BudgetMember.Proposal
        let revision: Int
        let lands: Duration
        let heard: Duration?
        var isWritten: Bool?
    }

    struct Process {
        var scopes = RateScopes()
        var member: BudgetMember
        var write: Write?
        var turnAt = Duration.zero
        var awayUntil = Duration.zero
        var startsAt = Duration.zero
        var isRunning = true
        /// Waits for the first of its requests: its ticket and weight, and when to ask again.
        var waiting: [(ticket: RateScopes.Ticket, weight: Int, askAt: Duration)] = []
        var held: [(weight: Int, sendAt: Duration)] = []
    }

    static let step = Duration.milliseconds(50)

    let limits: RateLimits
    let settings: BudgetMember.Settings
    var generator: SeededGenerator
    var now = Duration.zero
    var processes: [Process] = []
    var document: BudgetDocument?
    var revision = 0
    var sent: [Sent] = []
    private var started = 0

    init(_ limits: RateLimits, _ settings: BudgetMember.Settings, processes: Int, seed: UInt64) {
        self.limits = limits
        self.settings = settings
        self.generator = SeededGenerator(seed: seed)
        for _ in 0..<processes { self.processes.append(self.makeProcess()) }
    }

    private mutating func makeProcess() -> Process {
        self.started += 1
        var process = Process(member: BudgetMember(id: "p\(self.started)", settings: self.settings))
        process.scopes.share(self.settings.terms, now: self.now)
        _ = process.scopes.add(self.limits)
        return process
    }

    // MARK: - What befalls them

    /// Ends a process at once; another takes its place after `pause`.
    mutating func crash(_ index: Int, pause: Duration) {
        self.processes[index] = self.makeProcess()
        self.processes[index].startsAt = self.now + pause
        self.processes[index].turnAt = self.now + pause
    }

    /// Keeps a process from the server.
    mutating func part(_ index: Int, for time: Duration) {
        self.processes[index].awayUntil = self.now + time
    }

    /// Lets the venue close the scope to a process.
    mutating func close(_ index: Int, for time: Duration) {
        self.processes[index].scopes.close(0, until: self.now + time, now: self.now)
    }

    // MARK: - Time

    /// - Parameters:
    ///   - delay: How long a write takes to land, and its answer to come back.
    ///   - lost: How many in a thousand answers are lost after the write landed.
    mutating func advance(delay: ClosedRange<Int> = 0...0, lost: Int = 0) {
        self.now += Self.step
        for index in self.processes.indices where self.processes[index].startsAt <= self.now {
            self.land(index)
            self.turn(index, delay, lost)
            self.serve(index)
        }
    }

    private mutating func land(_ index: Int) {
        guard var write = self.processes[index].write else { return }
        if write.isWritten == nil, write.lands <= self.now {
            write.isWritten = write.revision == self.revision
            if write.isWritten == true {
                self.document = BudgetDocument(write.proposal.document.bytes)
                self.revision += 1
            }
            self.processes[index].write = write
        }
        guard let isWritten = write.isWritten, write.heard ?? .seconds(1) + write.lands <= self.now else { return }
        self.processes[index].write = nil
        guard isWritten else {
            self.processes[index].turnAt = self.now
            return
        }
        if write.heard == nil { return }
        for share in write.proposal.shares.values {
            self.processes[index].scopes.grant(share, of: 0, until: write.proposal.until)
        }
    }

    private mutating func turn(_ index: Int, _ delay: ClosedRange<Int>, _ lost: Int) {
        guard self.processes[index].turnAt <= self.now, self.processes[index].write == nil else { return }
        self.processes[index].turnAt = self.now + .milliseconds(Int.random(in: 800...1_000, using: &self.generator))
        guard self.processes[index].awayUntil <= self.now else { return }
        let demands = ["s": self.processes[index].scopes.demand(0, now: self.now)]
        let (document, targets) = self.processes[index].member.read(
            self.document, demands, epoch: self.generator.next(), now: self.now)
        for time in self.processes[index].member.closures.values {
            self.processes[index].scopes.closeWithOthers(0, until: self.now + time, now: self.now)
        }
        let lowered = targets.mapValues { self.processes[index].scopes.lower(0, to: $0, now: self.now) }
        let proposal = self.processes[index].member.propose(
            document, targets, lowered: lowered, demands, now: self.now)
        let lands = self.now + .milliseconds(Int.random(in: delay, using: &self.generator))
        let isLost = Int.random(in: 0..<1_000, using: &self.generator) < lost
        let back = Duration.milliseconds(Int.random(in: delay, using: &self.generator))
        self.processes[index].write = Write(
            proposal: proposal, revision: self.revision, lands: lands, heard: isLost ? nil : lands + back)
        self.land(index)
    }

    // MARK: - Requests

    mutating func request(_ index: Int, weight: Int, priority: RatePriority = .polls) {
        guard self.processes[index].startsAt <= self.now else { return }
        let draw = RateScopes.Draw(scope: 0, weight: weight)
        switch self.processes[index].scopes.request([draw], holds: true, priority: priority, now: self.now) {
        case .granted: self.hold(index, weight)
        case .wait(let ticket, let until): self.processes[index].waiting.append((ticket, weight, until))
        case .refused: break
        }
    }

    private mutating func hold(_ index: Int, _ weight: Int) {
        let wait = Int.random(in: 0..<20, using: &self.generator) == 0 ? 9_000 : 50
        self.processes[index].held.append((weight, self.now + .milliseconds(wait)))
    }

    private mutating func serve(_ index: Int) {
        var still: [(ticket: RateScopes.Ticket, weight: Int, askAt: Duration)] = []
        for waiter in self.processes[index].waiting {
            guard waiter.askAt <= self.now else {
                still.append(waiter)
                continue
            }
            switch self.processes[index].scopes.request(again: waiter.ticket, now: self.now) {
            case .granted: self.hold(index, waiter.weight)
            case .wait(let ticket, let until): still.append((ticket, waiter.weight, until))
            case .refused: break
            }
        }
        self.processes[index].waiting = still
        let due = self.processes[index].held.filter { $0.sendAt <= self.now }
        self.processes[index].held.removeAll { $0.sendAt <= self.now }
        for held in due {
            let draw = RateScopes.Draw(scope: 0, weight: held.weight)
            if self.processes[index].scopes.send([draw], now: self.now) {
                self.sent.append(Sent(time: self.now, member: index, weight: held.weight))
            } else {
                self.processes[index].scopes.release([draw])
            }
        }
    }

    // MARK: - What came of it

    func share(_ index: Int) -> Int {
        var scopes = self.processes[index].scopes
        return scopes.snapshot(0, now: self.now).share ?? 0
    }

    /// The most that was sent in any stretch of a window's length.
    func most(in window: RateWindow) -> Int {
        var most = 0
        var sum = 0
        var first = 0
        for sent in self.sent {
            sum += window.cost(ofWeight: sent.weight)
            while self.sent[first].time <= sent.time - window.length {
                sum -= window.cost(ofWeight: self.sent[first].weight)
                first += 1
            }
            most = max(most, sum)
        }
        return most
    }

    /// What each process sent since a time.
    func weights(since time: Duration) -> [Int] {
        self.processes.indices.map { index in
            self.sent.reduce(0) { $0 + ($1.member == index && $1.time > time ? $1.weight : 0) }
        }
    }
}
