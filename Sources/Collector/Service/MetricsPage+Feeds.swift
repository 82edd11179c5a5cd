import MarketModel
import Observability
import OrderBook
import Transport
import Venues

extension MetricsPage {
    static func connections(_ report: ServiceReport) -> [MetricFamily] {
        var age = MetricFamily(
            "sluice_feed_data_age_seconds", help: "Time since a connection's last frame.", kind: .gauge)
        var live = MetricFamily(
            "sluice_connection_live", help: "1 while the connection has a socket on which data has come.", kind: .gauge)
        var connects = MetricFamily(
            "sluice_connects_total", help: "Attempts to connect, and sockets that opened.", kind: .counter)
        var rotations = MetricFamily(
            "sluice_connection_rotations_total", help: "Planned changes of the socket.", kind: .counter)
        var dropped = MetricFamily(
            "sluice_rotation_frames_dropped_total",
            help: "Frames of a rotation's second socket that found no room before it took over.", kind: .counter)
        var sockets = MetricFamily(
            "sluice_connection_sockets", help: "Sockets of a connection: 1, and 2 while it rotates.", kind: .gauge)
        var messages = MetricFamily(
            "sluice_received_messages_total", help: "Messages received by a connection.", kind: .counter)
        var bytes = MetricFamily(
            "sluice_received_bytes_total", help: "Payload bytes received by a connection, as sent.", kind: .counter)
        var refused = MetricFamily(
            "sluice_subscriptions_refused_total", help: "Subscriptions that the venue refused.", kind: .counter)
        var streams = MetricFamily(
            "sluice_streams",
            help: "Streams of a connection: configured, with data on this socket, silent, refused by the venue.",
            kind: .gauge)
        var resubscriptions = MetricFamily(
            "sluice_stream_resubscriptions_total", help: "Silent streams that were subscribed again.", kind: .counter)
        var replacements = MetricFamily(
            "sluice_stream_replacements_total", help: "Sockets that were replaced since a stream stayed silent.",
            kind: .counter)
        for connection in report.connections {
            let name = connection.name
            let venue = connection.segment.venue.name
            for (state, count) in [
                ("configured", connection.streams), ("with_data", connection.streamsWithData),
                ("silent", connection.silentStreams.count), ("refused", connection.refusedStreams.count),
            ] {
                streams.add(["venue": venue, "connection": name, "state": state], .integer(count))
            }
            resubscriptions.add(["venue": venue, "connection": name], .count(connection.resubscriptions))
            replacements.add(["venue": venue, "connection": name], .count(connection.replacements))
            let counters = connection.counters
            if let last = connection.lastDataSteady {
                age.add(
                    ["venue": venue, "connection": name, "segment": connection.segment.name],
                    Self.seconds(max(0, report.steady - last)))
            }
            live.add(["venue": venue, "connection": name], .flag(connection.streamsWithData > 0))
            connects.add(
                ["venue": venue, "connection": name, "outcome": "tried"], .count(counters.connects))
            connects.add(
                ["venue": venue, "connection": name, "outcome": "opened"], .count(counters.opened))
            rotations.add(["venue": venue, "connection": name], .count(counters.rotations))
            dropped.add(["venue": venue, "connection": name], .count(connection.rotationFramesDropped))
            sockets.add(["venue": venue, "connection": name], .integer(counters.socketsLive))
            messages.add(["venue": venue, "connection": name], .count(counters.traffic.messages))
            bytes.add(["venue": venue, "connection": name], .count(counters.traffic.bytes))
            refused.add(["venue": venue, "connection": name], .count(connection.refusedSubscriptions))
        }
        return [
            age, live, connects, rotations, dropped, sockets, messages, bytes, refused, streams, resubscriptions,
            replacements, Self.ends(report),
        ]
    }

    private static func ends(_ report: ServiceReport) -> MetricFamily {
        var family = MetricFamily(
            "sluice_disconnects_total", help: "Connections that ended or did not come to be, by reason.",
            kind: .counter)
        for segment in report.segments {
            let connections = report.connections.filter { $0.segment == segment }
            guard !connections.isEmpty else { continue }
            for kind in DisconnectReason.Kind.allCases {
                let count = connections.reduce(UInt64(0)) { $0 &+ ($1.counters.ends[kind] ?? 0) }
                family.add(
                    ["venue": segment.venue.name, "segment": segment.name, "reason": kind.rawValue], .count(count))
            }
        }
        return family
    }

    static func frames(_ report: ServiceReport) -> [MetricFamily] {
        var taken = MetricFamily("sluice_frames_total", help: "Frames taken by a loop.", kind: .counter)
        for loop in report.loops { taken.add(["loop": "\(loop.loop)"], .count(loop.frames)) }
        var refused = MetricFamily(
            "sluice_frames_refused_total", help: "Frames that were not taken, by reason.", kind: .counter)
        for (index, label) in FrameRefusal.labels.enumerated() {
            refused.add(["reason": label], .count(report.refused(index)))
        }
        var killed = MetricFamily(
            "sluice_sockets_killed_total", help: "Sockets that did not close in time and were ended by force.",
            kind: .counter)
        for loop in report.loops { killed.add(["loop": "\(loop.loop)"], .count(loop.forcedKills)) }
        return [taken, refused, killed]
    }

    static func books(_ all: [LoopSummary.Book], of segments: [SegmentID]) -> [MetricFamily] {
        var states = MetricFamily("sluice_books", help: "Books by state.", kind: .gauge)
        var bytes = MetricFamily("sluice_book_bytes", help: "Memory of the books.", kind: .gauge)
        var resyncs = MetricFamily("sluice_book_resyncs_total", help: "Books that broke, by cause.", kind: .counter)
        var reseeds = MetricFamily(
            "sluice_book_chains_total", help: "Chains started: the first seed of a book and every one after.",
            kind: .counter)
        var updates = MetricFamily(
            "sluice_book_updates_total", help: "Updates of books, by what became of them.", kind: .counter)
        var refreshes = MetricFamily(
            "sluice_book_refreshes_total", help: "Live books that were to be known deeper again.", kind: .counter)
        var overflows = MetricFamily(
            "sluice_book_kept_overflows_total",
            help: "Times that updates kept for a snapshot were discarded for their limit.", kind: .counter)
        var checksums = MetricFamily(
            "sluice_book_checksums_total", help: "The venue's checksums of books: compared, and of these failed.",
            kind: .counter)
        for segment in segments {
            let venue = segment.venue.name
            let name = segment.name
            let books = all.filter { SegmentID(of: $0.instrument) == segment }
            for state in BookState.allCases {
                states.add(
                    ["venue": venue, "segment": name, "state": state.rawValue],
                    .integer(books.count { $0.state == state }))
            }
            func sum(_ term: (BookCounts) -> UInt64) -> MetricValue {
                .count(books.reduce(UInt64(0)) { $0 &+ term($1.counts) })
            }
            bytes.add(["venue": venue, "segment": name], .integer(books.reduce(0) { $0 + $1.bytes }))
            for (cause, value) in [
                ("gap", sum(\.breaks.gap)), ("mismatch", sum(\.breaks.mismatch)), ("crossed", sum(\.breaks.crossed)),
                ("closed", sum(\.breaks.closed)),
            ] {
                resyncs.add(["venue": venue, "segment": name, "cause": cause], value)
            }
            reseeds.add(
                ["venue": venue, "segment": name],
                .count(books.reduce(UInt64(0)) { $0 &+ UInt64($1.reseeds) }))
            for (outcome, value) in [
                ("applied", sum(\.applied)), ("stale", sum(\.stale)), ("full_depth", sum(\.framesTrusted)),
                ("reset", sum(\.resets)), ("before_snapshot", sum(\.beforeSnapshot)),
            ] {
                updates.add(["venue": venue, "segment": name, "outcome": outcome], value)
            }
            refreshes.add(
                ["venue": venue, "segment": name, "outcome": "done"], sum(\.refreshes))
            refreshes.add(
                ["venue": venue, "segment": name, "outcome": "failed"], sum(\.refreshesFailed))
            overflows.add(["venue": venue, "segment": name], sum(\.keptOverflows))
            checksums.add(["venue": venue, "segment": name, "outcome": "compared"], sum(\.checksums))
            checksums.add(["venue": venue, "segment": name, "outcome": "failed"], sum(\.checksumFailures))
        }
        return [states, bytes, resyncs, reseeds, updates, refreshes, overflows, checksums]
    }

    static func trades(_ report: ServiceReport) -> [MetricFamily] {
        var trades = MetricFamily("sluice_trades_total", help: "Trades, by what became of them.", kind: .counter)
        var missing = MetricFamily(
            "sluice_trades_missing", help: "Ids of trades that were passed over and have not come since.", kind: .gauge)
        var quotes = MetricFamily(
            "sluice_quotes_stale_total", help: "Best bids and offers that came twice, or after a later one.",
            kind: .counter)
        for flow in report.flows {
            for (outcome, count) in [
                ("taken", flow.trades), ("duplicate", flow.duplicateTrades), ("late", flow.lateTrades),
            ] {
                trades.add(
                    ["venue": flow.segment.venue.name, "segment": flow.segment.name, "outcome": outcome], .count(count))
            }
            missing.add(["venue": flow.segment.venue.name, "segment": flow.segment.name], .count(flow.missingTrades))
            quotes.add(["venue": flow.segment.venue.name, "segment": flow.segment.name], .count(flow.staleQuotes))
        }
        return [trades, missing, quotes]
    }
}
