/// The subscriptions of one socket: which streams were asked for, which are acknowledged, which were refused.
///
/// A pure machine: time comes with every call, in microseconds of any clock. Requests are spaced and counted, since
/// venues cut a connection that sends more than they allow. What was acknowledged is compared with what was asked: a
/// stream that an answer leaves out counts as refused.
package struct Subscriptions: Sendable {
    package enum Step: Equatable, Sendable {
        case send(String)
        case wait(until: Int64)
        /// Everything was asked for and acknowledged or refused.
        case done
    }

    /// A request that waits for its answer: a connection has few.
    private struct Pending {
        let id: UInt64
        let sent: Int64
        let method: SubscriptionMethod?
        /// Streams that were not answered yet.
        var places: [Int]
        /// Refusals that named no stream.
        var refusals = 0
    }

    private static let hour: Int64 = 3_600_000_000

    private let dialect: any SubscriptionDialect
    private let limits: SubscriptionLimits
    private let spacingMicroseconds: Int64
    private let acknowledgeMicroseconds: Int64
    /// By place; nil for a stream that was given up for good.
    private var streams: [VenueStream?]
    private var isAcknowledged: [Bool]
    private var isRefused: [Bool]
    /// Requests still to send, in order; a stream is in it at most once for each method.
    private var wanted: [(method: SubscriptionMethod, places: [Int])] = []
    private var opening: [String] = []
    /// Streams that were given up for good and are still to be unsubscribed.
    private var leaving: [VenueStream] = []
    private var nextID: UInt64 = 1
    private var nextSend: Int64 = 0
    /// When the requests of the last hour were sent, where the venue counts them: at most as many as it allows.
    private var sent: [Int64] = []
    private var pending: [Pending] = []
    /// Requests and streams that the venue refused on this socket.
    package private(set) var refusals = 0

    /// - Parameter streams: By place; nil for a place that is given up.
    package init(streams: [VenueStream?], dialect: any SubscriptionDialect, acknowledgeTimeout: Duration) {
        self.dialect = dialect
        self.limits = dialect.limits
        self.streams = streams
        self.isAcknowledged = Array(repeating: false, count: streams.count)
        self.isRefused = Array(repeating: false, count: streams.count)
        self.spacingMicroseconds = Self.microseconds(dialect.limits.spacing)
        self.acknowledgeMicroseconds = Self.microseconds(acknowledgeTimeout)
        self.reset()
    }

    /// Starts over on a new socket; ids go on, so that a late answer to the old one is not taken for a new one's.
    package mutating func reset() {
        self.nextSend = 0
        self.sent.removeAll()
        self.pending.removeAll()
        self.refusals = 0
        self.wanted.removeAll()
        self.leaving.removeAll()
        self.opening = self.dialect.opening(firstID: self.nextID)
        for place in self.streams.indices {
            self.isAcknowledged[place] = false
            self.isRefused[place] = false
        }
        self.append(.subscribe, self.live)
    }

    /// Takes up a further stream; its place is the next one.
    package mutating func add(_ stream: VenueStream) {
        self.streams.append(stream)
        self.isAcknowledged.append(false)
        self.isRefused.append(false)
        self.append(.subscribe, [self.streams.count - 1])
    }

    /// Gives a stream up for good.
    package mutating func remove(_ place: Int) {
        guard self.streams.indices.contains(place), let stream = self.streams[place] else { return }
        for index in self.wanted.indices { self.wanted[index].places.removeAll { $0 == place } }
        self.wanted.removeAll { $0.places.isEmpty }
        self.leaving.append(stream)
        self.streams[place] = nil
    }

    /// Gives streams up and asks for them again; those that already wait for that are left alone.
    package mutating func resubscribe(_ places: [Int]) {
        let waiting = Set(self.wanted.flatMap(\.places))
        let fresh = places.filter {
            self.streams.indices.contains($0) && self.streams[$0] != nil && !waiting.contains($0)
        }
        self.append(.unsubscribe, fresh)
        self.append(.subscribe, fresh)
    }

    /// Gives up every stream, and whatever was still to be asked for.
    package mutating func unsubscribeAll() {
        self.wanted.removeAll()
        self.append(.unsubscribe, self.live)
    }

    /// Gives the next message to send, or until when to wait for more.
    package mutating func nextMessage(now: Int64) -> Step {
        guard !self.opening.isEmpty || !self.wanted.isEmpty || !self.leaving.isEmpty else {
            guard let oldest = self.pending.first else { return .done }
            return .wait(until: oldest.sent + self.acknowledgeMicroseconds)
        }
        let earliest = self.earliestSend(now)
        guard now >= earliest else { return .wait(until: earliest) }
        let id = self.nextID
        self.nextID += 1
        if !self.opening.isEmpty {
            self.pending.append(Pending(id: id, sent: now, method: nil, places: []))
            return .send(self.opening.removeFirst())
        }
        self.nextSend = now + self.spacingMicroseconds
        if let most = self.limits.requestsPerHour {
            self.sent.append(now)
            if self.sent.count > most { self.sent.removeFirst(self.sent.count - most) }
        }
        if !self.leaving.isEmpty {
            let streams = Array(self.leaving.prefix(self.limits.streamsPerRequest))
            self.leaving.removeFirst(streams.count)
            self.pending.append(Pending(id: id, sent: now, method: nil, places: []))
            return .send(self.dialect.request(.unsubscribe, streams, id: id))
        }
        let next = self.wanted.removeFirst()
        self.pending.append(Pending(id: id, sent: now, method: next.method, places: next.places))
        if next.method == .subscribe { for place in next.places { self.isRefused[place] = false } }
        return .send(self.dialect.request(next.method, next.places.compactMap { self.streams[$0] }, id: id))
    }

    /// Gives the answer to a prompt, with an id of its own.
    package mutating func reply() -> String? {
        let id = self.nextID
        self.nextID += 1
        return self.dialect.reply(id: id)
    }

    /// Takes an acknowledgement of a request as a whole, or of some of its streams.
    package mutating func acknowledged(id: UInt64?, streams places: [Int]? = nil) {
        guard let index = self.pendingIndex(id, places) else { return }
        let taken = places ?? self.pending[index].places
        let isSubscription = self.pending[index].method == .subscribe
        for place in taken where self.isAcknowledged.indices.contains(place) {
            self.isAcknowledged[place] = isSubscription
            if isSubscription { self.isRefused[place] = false }
        }
        self.pending[index].places.removeAll { taken.contains($0) }
        if !self.limits.acknowledgesEach {
            // An answer that lists what was taken up leaves out what was not.
            if isSubscription { self.refuse(self.pending[index].places) }
            self.pending.remove(at: index)
        } else {
            self.endIfAnswered(index)
        }
    }

    /// Takes a refusal of a request, or of one of its streams, which it need not name.
    package mutating func refused(id: UInt64?, stream place: Int? = nil, code: Int64) {
        guard let index = self.pendingIndex(id, place.map { [$0] }) else {
            self.refusals += 1
            return
        }
        if let place {
            self.pending[index].places.removeAll { $0 == place }
            self.refuse([place])
            self.endIfAnswered(index)
        } else if self.limits.acknowledgesEach, self.pending[index].places.count > 1 {
            self.refusals += 1
            self.pending[index].refusals += 1
            self.endIfAnswered(index)
        } else {
            let places = self.pending.remove(at: index).places
            if places.isEmpty { self.refusals += 1 } else { self.refuse(places) }
        }
    }

    /// Whether a request has waited too long for its answer.
    package func overdue(now: Int64) -> Bool {
        guard let oldest = self.pending.first else { return false }
        return now - oldest.sent > self.acknowledgeMicroseconds
    }

    /// Streams that the venue refused, or left out of its answer.
    package var refusedPlaces: [Int] { self.isRefused.indices.filter { self.isRefused[$0] && self.streams[$0] != nil } }

    /// Whether the venue has acknowledged a stream on this socket.
    package func isAcknowledged(_ place: Int) -> Bool {
        self.isAcknowledged.indices.contains(place) && self.isAcknowledged[place]
    }

    // MARK: - Private

    private var live: [Int] { self.streams.indices.filter { self.streams[$0] != nil } }

    private func earliestSend(_ now: Int64) -> Int64 {
        guard self.opening.isEmpty else { return 0 }
        guard let most = self.limits.requestsPerHour, self.sent.count >= most, let oldest = self.sent.first else {
            return self.nextSend
        }
        return max(self.nextSend, oldest + Self.hour)
    }

    /// The request that an answer belongs to: by its id, or by its streams where the venue repeats no id.
    private func pendingIndex(_ id: UInt64?, _ places: [Int]?) -> Int? {
        if let id { return self.pending.firstIndex { $0.id == id } }
        guard let first = places?.first else { return nil }
        return self.pending.firstIndex { $0.places.contains(first) }
    }

    private mutating func endIfAnswered(_ index: Int) {
        let entry = self.pending[index]
        guard entry.places.count <= entry.refusals else { return }
        for place in entry.places { self.isRefused[place] = true }
        self.pending.remove(at: index)
    }

    private mutating func refuse(_ places: [Int]) {
        self.refusals += places.count
        for place in places where self.isRefused.indices.contains(place) { self.isRefused[place] = true }
    }

    /// Puts streams behind what is wanted already, into its last request as long as that has room: requests are counted.
    private mutating func append(_ method: SubscriptionMethod, _ places: [Int]) {
        var batch: [Int] = []
        if let last = self.wanted.last, last.method == method { batch = self.wanted.removeLast().places }
        var bytes = batch.reduce(0) { $0 + self.length(of: $1) }
        for place in places {
            let length = self.length(of: place)
            let isFull = self.limits.bytesPerRequest.map { bytes + length > $0 } ?? false
            if batch.count >= max(1, self.limits.streamsPerRequest) || (isFull && !batch.isEmpty) {
                self.wanted.append((method, batch))
                batch = []
                bytes = 0
            }
            batch.append(place)
            bytes += length
        }
        if !batch.isEmpty { self.wanted.append((method, batch)) }
    }

    private func length(of place: Int) -> Int {
        (self.streams[place]?.name.utf8.count ?? 0) + Self.streamOverhead
    }

    /// What a venue's wording of a stream adds to its name at most, bytes.
    private static let streamOverhead = 64

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
