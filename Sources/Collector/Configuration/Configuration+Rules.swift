import MarketModel
import Resilience
import Venues

extension Configuration {
    /// Checks what no single value shows.
    func check(reporting reader: inout SettingReader, warnings: inout [String]) {
        self.checkVenues(reporting: &reader, warnings: &warnings)
        self.checkBooks(reporting: &reader)
        self.checkTransport(reporting: &reader)
        self.checkNATS(reporting: &reader, warnings: &warnings)
        if self.http.enabled, !self.http.listen.isLoopback, !self.http.allowRemote {
            let address = self.http.listen
            reader.report(
                at: "http.listen",
                "\(address) is reached by other machines; set http.allow_remote: true, or listen on 127.0.0.1:\(address.port)"
            )
        }
        if self.books.idleInterval < self.books.snapshotInterval {
            reader.report(at: "books.idle_interval", "is shorter than books.snapshot_interval")
        }
    }

    private func checkVenues(reporting reader: inout SettingReader, warnings: inout [String]) {
        let segments = self.venues.segments
        if segments.isEmpty {
            reader.report(at: "venues", "nothing to collect; name a segment, such as venues.binance.spot with symbols")
        }
        for (segment, settings) in segments {
            let path = "venues.\(segment.id.venue).\(segment.id.name)"
            self.checkTypes(of: segment, settings, at: path, reporting: &reader)
            if settings.options["depth_stream"] == "0ms" {
                warnings.append("\(path).depth_stream: 0ms is not documented by Binance and may end without notice")
            }
            self.checkDepth(of: segment, settings, at: path, reporting: &reader)
            self.checkWeight(of: segment, settings, reporting: &reader)
            self.checkShare(of: segment, settings, warnings: &warnings)
        }
        if !segments.isEmpty, !segments.contains(where: { $0.settings.rest.scheme.isEncrypted }) { return }
        for (segment, settings) in segments where !settings.websocket.scheme.isEncrypted {
            guard !settings.websocket.address.isLoopback else { continue }
            warnings.append(
                "venues.\(segment.id.venue).\(segment.id.name).websocket: \(settings.websocket) is not encrypted")
        }
    }

    private func checkTypes(
        of segment: VenueSegment, _ settings: SegmentSettings, at path: String, reporting reader: inout SettingReader
    ) {
        if settings.rules.isEmpty, !reader.hasProblem(at: "\(path).symbols") {
            reader.report(at: "\(path).symbols", "no symbols; name at least one or remove the section")
        }
        if settings.types.isEmpty, !reader.hasProblem(at: "\(path).types") {
            let offered = segment.offeredTypes.map(\.rawValue).joined(separator: ", ")
            reader.report(at: "\(path).types", "no types; the segment offers \(offered)")
        }
        let bringsStreams = !settings.wishes(for: [segment.exampleSymbol], in: segment).flatMap(\.streams).isEmpty
        if !settings.types.isEmpty, !bringsStreams, settings.types.allSatisfy({ segment.offer(of: $0).isOffered }) {
            let names = settings.types.map(\.rawValue).joined(separator: ", ")
            reader.report(at: "\(path).types", "\(names) alone open no connection; add trade, orderbook or bbo")
        } else {
            for type in settings.types where !settings.isCarried(type, in: segment) {
                reader.report(
                    at: "\(path).types",
                    "\(type.rawValue) comes on a connection that nothing else here opens; add trade, orderbook or bbo")
            }
        }
        if settings.types.contains(.kline), settings.klineIntervals.isEmpty,
            !reader.hasProblem(at: "\(path).kline_intervals")
        {
            reader.report(at: "\(path).kline_intervals", "no lengths of bars; name one, such as 1m")
        }
        for type in settings.types {
            guard case .refused(let reason) = segment.offer(of: type) else { continue }
            reader.report(
                at: "\(path).types", "\(type.rawValue) cannot be collected from \(segment.title): \(reason)")
        }
    }

    /// A request whose weight is above the whole budget would never be sent.
    private func checkWeight(
        of segment: VenueSegment, _ settings: SegmentSettings, reporting reader: inout SettingReader
    ) {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return }
        let scopes = venue.scopes(limits: self.limits[venue.id])
        var requests = venue.instrumentRequests(in: segment)
        if settings.types.contains(.orderbook), let symbol = settings.symbols.first {
            requests += [venue.snapshotRequest(of: symbol, levels: settings.snapshotLimit, in: segment)].compactMap(
                \.self)
        }
        for cost in requests.flatMap(\.costs) {
            for window in scopes[cost.scope]?.windows ?? [] where window.meter == .weight && window.limit < cost.weight
            {
                let limits = self.limits[venue.id]
                let key = venue.limits.first { limits.usable($0.key) == window.limit }?.key ?? cost.scope
                reader.report(
                    at: "limits.\(venue.id).\(key)",
                    "\(window.limit) of it may be used (use_percent), less than the weight \(cost.weight) of one "
                        + "request to \(segment.title)")
                return
            }
        }
    }

    /// What is heavier than a process's own part of a shared limit waits while NATS is away.
    private func checkShare(of segment: VenueSegment, _ settings: SegmentSettings, warnings: inout [String]) {
        guard self.limits.shared.enabled, let venue = VenueCatalog.venue(segment.id.venue) else { return }
        let scopes = venue.scopes(limits: self.limits[venue.id])
        let connect = VenueRequest.Cost(venue.connectScope(of: segment), 1)
        for cost in venue.instrumentRequests(in: segment).flatMap(\.costs) + [connect] {
            guard let limits = scopes[cost.scope] else { continue }
            let part = self.limits.shared.member.fallback(of: limits)
            guard let window = limits.windows.first, part < window.cost(ofWeight: cost.weight) else { continue }
            let warning =
                "limits.shared: \(venue.id) \(cost.scope): \(part) of \(window.limit) are this process's own, less "
                + "than one request takes: it waits while NATS is away; have fewer members or a larger fallback_percent"
            if !warnings.contains(warning) { warnings.append(warning) }
        }
    }

    private func checkDepth(
        of segment: VenueSegment, _ settings: SegmentSettings, at path: String, reporting reader: inout SettingReader
    ) {
        guard settings.types.contains(.orderbook) else { return }
        switch segment.depth {
        case .full:
            return
        case .window(let levels):
            guard self.books.depth > levels else { return }
            reader.report(
                at: "books.depth",
                "\(self.books.depth) levels can never be shown for \(segment.title): its books end at \(levels)")
        case .snapshotLimited:
            guard let snapshot = segment.snapshot else { return }
            if self.books.depth > snapshot.most {
                reader.report(
                    at: "books.depth",
                    "\(self.books.depth) levels can never be shown for \(segment.title): "
                        + "its snapshots end at \(snapshot.most)")
            } else if self.books.depth > settings.snapshotLimit {
                reader.report(
                    at: "\(path).snapshot_limit",
                    "\(settings.snapshotLimit) is less than books.depth (\(self.books.depth)); "
                        + "raise it to at least the depth")
            }
        }
    }

    private func checkBooks(reporting reader: inout SettingReader) {
        if self.books.retain < self.books.depth {
            reader.report(
                at: "books.retain",
                "\(self.books.retain) is less than books.depth (\(self.books.depth)): keep at least the view")
        } else if let refresh = self.books.refreshBelow {
            if refresh > self.books.retain {
                reader.report(
                    at: "books.refresh_below",
                    "\(refresh) is more than books.retain (\(self.books.retain)): books would be refreshed without end")
            } else if refresh < self.books.depth {
                reader.report(
                    at: "books.refresh_below",
                    "\(refresh) is less than books.depth (\(self.books.depth)): the view would be short before a refresh"
                )
            }
        }
    }

    private func checkTransport(reporting reader: inout SettingReader) {
        if self.transport.backoffCap < self.transport.backoffBase {
            reader.report(at: "transport.backoff_cap", "is shorter than transport.backoff_base")
        }
        if self.transport.rotateOverlap >= self.transport.rotateAfter {
            reader.report(at: "transport.rotate_overlap", "is not shorter than transport.rotate_after")
        }
    }

    private func checkNATS(reporting reader: inout SettingReader, warnings: inout [String]) {
        if self.nats.servers.isEmpty, !self.nats.embedded.enabled, !reader.hasProblem(at: "nats.servers") {
            reader.report(
                at: "nats.embedded.enabled",
                "no server: name nats.servers or SLUICE_NATS_URL, or enable the embedded one")
        }
        if self.nats.password != nil, self.nats.user == nil {
            reader.report(at: "nats.password_file", "a password without a user; set nats.user or SLUICE_NATS_USER")
        }
        if self.nats.user != nil, self.nats.password == nil, !reader.hasProblem(at: "nats.password_file") {
            reader.report(
                at: "nats.user", "a user without a password; set nats.password_file or SLUICE_NATS_PASSWORD")
        }
        let ways = [self.nats.user != nil, self.nats.token != nil, self.nats.credentialsFile != nil].count { $0 }
        if ways > 1 {
            reader.report(at: "nats", "choose one of user with password, token, and credentials_file")
        }
        if (self.nats.tls.certificateFile == nil) != (self.nats.tls.keyFile == nil) {
            reader.report(at: "nats.tls", "certificate_file and key_file belong together")
        }
        self.checkEmbedded(reporting: &reader)
        let streams = self.nats.streams
        let names = [streams.marketData.name, streams.last.name, streams.gaps.name, streams.history.name]
        if Set(names).count < names.count {
            reader.report(at: "nats.streams", "two streams have the same name")
        }
        if self.nats.modes.orderbookDelta == .jetstream {
            warnings.append(
                "nats.modes.orderbook_delta: jetstream costs about 25 times core; a stream stores core messages too")
        }
    }
}

extension Configuration {
    /// Whether a server of our own is started.
    package var usesEmbeddedServer: Bool { self.nats.servers.isEmpty && self.nats.embedded.enabled }

    /// A server sets each stream's size aside when the stream is made, and refuses what does not fit.
    private func checkEmbedded(reporting reader: inout SettingReader) {
        guard self.usesEmbeddedServer else { return }
        // That of history is made with its first message, and told then if there is no room.
        let streams = [self.nats.streams.marketData, self.nats.streams.last, self.nats.streams.gaps]
        let limits: [(StreamSettings.Storage, String, ByteSize)] = [
            (.file, "max_file", self.nats.embedded.maxFile), (.memory, "max_memory", self.nats.embedded.maxMemory),
        ]
        for (storage, key, limit) in limits {
            // Three sizes of at most 16 TiB each: the sum fits.
            let wanted = streams.filter { $0.storage == storage }.reduce(0) { $0 + $1.maxBytes.bytes }
            guard wanted > limit.bytes else { continue }
            reader.report(
                at: "nats.embedded.\(key)",
                "\(limit) is less than the \(ByteSize(wanted)) that nats.streams set aside with storage "
                    + storage.rawValue)
        }
    }
}

extension SettingReader {
    /// Whether a problem of this setting is known already, so that its absence needs no second one.
    func hasProblem(at path: String) -> Bool {
        self.problems.contains { $0.path == path || $0.path.hasPrefix("\(path)[") }
    }
}
