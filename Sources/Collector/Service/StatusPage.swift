import MarketModel
import Observability
import OrderBook
import Publishing
import Resilience
import Transport
import Venues

/// The whole state as JSON.
enum StatusPage {
    static func json(_ report: ServiceReport, _ verdict: HealthReport) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 << 10)
        writer.object { writer in
            writer.field("instance", report.instance)
            writer.field("version", BuildInfo.version)
            writer.field("boot", report.boot)
            writer.field("uptime_us", report.uptimeMicroseconds)
            writer.field("resident_bytes", report.residentBytes)
            writer.field("healthy", verdict.healthy)
            writer.field("ready", verdict.ready)
            writer.field("instruments_missing", report.missingInstruments)
            writer.array("connections") { writer in
                for connection in report.connections { Self.write(connection, to: &writer) }
            }
            writer.array("books") { writer in
                for book in report.books { Self.write(book, to: &writer) }
            }
            writer.array("snapshots") { writer in
                for (segment, counts) in report.snapshots {
                    writer.object { writer in
                        writer.field("venue", segment.venue.name)
                        writer.field("segment", segment.name)
                        writer.field("fetched", counts.fetched)
                        writer.field("failed", counts.failed)
                    }
                }
            }
            writer.array("audits") { writer in
                for (segment, counts) in report.audits { Self.write(counts, of: segment, report.steady, to: &writer) }
            }
            writer.field("snapshots_lost", report.loops.reduce(UInt64(0)) { $0 &+ $1.snapshotsLost })
            writer.array("latencies") { writer in
                for latency in report.latencies { Self.write(latency, to: &writer) }
            }
            writer.object("accounting") { writer in
                for (kind, cut) in report.lanes { writer.object("\(kind.name)") { Self.write(cut, to: &$0) } }
            }
            writer.object("nats") { Self.write(report.publisher, to: &$0) }
            if let spool = report.publisher.spool {
                writer.object("spool") { Self.write(spool, report.publisher.spooled, to: &$0) }
            }
            writer.object("ledger") { Self.write(report.ledger, to: &$0) }
            writer.object("repair") { Self.write(report.repair, to: &$0) }
            writer.array("sections") { writer in
                for section in report.sections { Self.write(section, to: &writer) }
            }
            writer.object("reloads") { writer in
                writer.field("done", report.reloads.done)
                writer.field("refused", report.reloads.refused)
            }
            writer.array("limits") { writer in
                for (scope, budget) in report.requests.scopes { Self.write(scope, budget, to: &writer) }
            }
            writer.array("hosts") { writer in
                for host in report.requests.hosts { Self.write(host, to: &writer) }
            }
            writer.array("connects") { writer in
                for (venue, counters, budget) in report.connects { Self.write(venue, counters, budget, to: &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(_ connection: LoopSummary.Connection, to writer: inout JSONWriter) {
        let counters = connection.counters
        writer.object { writer in
            writer.field("name", connection.name)
            writer.field("state", connection.state.rawValue)
            writer.field("streams", connection.streams)
            writer.field("streams_with_data", connection.streamsWithData)
            writer.field("streams_silent", connection.silentStreams)
            writer.field("streams_refused", connection.refusedStreams)
            writer.field("resubscriptions", connection.resubscriptions)
            writer.field("replacements", connection.replacements)
            writer.field("connects", counters.connects)
            writer.field("opened", counters.opened)
            writer.field("sockets_live", counters.socketsLive)
            writer.field("sockets_live_max", counters.socketsLiveMax)
            writer.field("rotations", counters.rotations)
            writer.field("messages", counters.traffic.messages)
            writer.field("bytes", counters.traffic.bytes)
            writer.field("refused_subscriptions", connection.refusedSubscriptions)
            writer.field("last_data_us", connection.lastDataMicroseconds)
            writer.object("ends") { writer in
                for (kind, count) in counters.ends.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    writer.field(kind.rawValue, count)
                }
            }
        }
    }

    private static func write(_ book: LoopSummary.Book, to writer: inout JSONWriter) {
        let counts = book.counts
        writer.object { writer in
            writer.field("venue", book.instrument.venue.name)
            writer.field("segment", book.instrument.segment)
            writer.field("symbol", book.instrument.symbol)
            writer.field("venue_symbol", book.instrument.venueSymbol)
            writer.field("state", book.state.rawValue)
            writer.field("unconfirmed_us", book.unconfirmedMicroseconds)
            writer.field("trusted_depth", book.trustedDepth)
            writer.field("bid", book.bid)
            writer.field("ask", book.ask)
            writer.field("seeds", UInt64(book.reseeds))
            writer.field("applied", counts.applied)
            writer.field("stale", counts.stale)
            writer.field("gaps", counts.gaps)
            writer.field("mismatches", counts.mismatches)
            writer.field("refreshes", counts.refreshes)
            writer.field("refreshes_failed", counts.refreshesFailed)
            writer.field("resets", counts.resets)
            writer.field("before_snapshot", counts.beforeSnapshot)
            writer.field("checksums", counts.checksums)
            writer.field("checksum_failures", counts.checksumFailures)
            writer.field("bytes", book.bytes)
            writer.field("trades", book.trades.taken)
            writer.field("trade_duplicates", book.trades.duplicates)
            writer.field("trades_late", book.trades.late)
            writer.field("trades_missing", book.trades.missing)
            writer.field("quotes_stale", book.quotes.stale)
        }
    }

    private static func write(_ latency: SegmentLatency, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("venue", latency.segment.venue.name)
            writer.field("segment", latency.segment.name)
            writer.field("clock_offset_us", latency.offsetMicroseconds)
            for (name, histogram) in [("venue", latency.venue), ("queue", latency.queue)] {
                writer.field("\(name)_p50_us", histogram.quantile(0.5))
                writer.field("\(name)_p99_us", histogram.quantile(0.99))
                writer.field("\(name)_max_us", histogram.maximum)
            }
        }
    }

    private static func write(_ cut: AccountingCut, to writer: inout JSONWriter) {
        writer.field("produced", cut.produced)
        writer.field("confirmed", cut.confirmed)
        writer.field("conflated", cut.conflated)
        writer.field("dropped", cut.dropped)
        writer.field("unconfirmed", cut.unconfirmed)
        writer.field("queued", cut.queued)
        writer.field("in_flight", cut.inFlight)
        writer.field("spooled", cut.spooled)
        writer.field("balanced", cut.isBalanced)
        writer.field("consistent", cut.isConsistent)
    }

    private static func write(_ spool: SpoolFigures, _ spooled: UInt64, to writer: inout JSONWriter) {
        writer.field("messages", spool.records)
        writer.field("bytes", spool.bytes)
        writer.field("limit_bytes", spool.limitBytes)
        writer.field("spooled", spooled)
        writer.field("unsynced", spool.unsynced)
        writer.field("unreadable", spool.unreadable)
        writer.field("problem", spool.problem)
        writer.object("recovery") { writer in
            writer.field("messages", spool.recovery.records)
            writer.field("torn_bytes", spool.recovery.tornBytes)
            writer.field("corrupt_segments", spool.recovery.corruptSegments)
            writer.field("lost", spool.recovery.lostRecords)
            writer.field("took_us", spool.recovery.microseconds)
        }
    }

    private static func write(_ ledger: GapLedger.Counts, to writer: inout JSONWriter) {
        writer.field("losses", ledger.losses)
        writer.field("entries", ledger.entries)
        writer.field("waiting", ledger.waiting)
        writer.field("repaired", ledger.repaired)
        writer.object("missing") { writer in
            for (cause, count) in zip(GapCause.allCases, ledger.missing) where count > 0 {
                writer.field(cause.rawValue, count)
            }
        }
    }

    private static func write(_ repair: GapRepairer.Counts, to writer: inout JSONWriter) {
        writer.field("requests", repair.requests)
        writer.field("failures", repair.failures)
        writer.field("published", repair.published)
        writer.field("stored", repair.stored)
        writer.field("given_up", repair.givenUp)
        writer.field("open_entries", repair.openEntries)
        writer.field("open_trades", repair.openTrades)
        writer.field("searching", repair.searching)
    }

    private static func write(_ publisher: PublisherSnapshot, to writer: inout JSONWriter) {
        writer.field("connected", publisher.isConnected)
        writer.field("jetstream", publisher.hasJetStream)
        writer.field("server", publisher.serverURL)
        writer.field("connects", publisher.connects)
        writer.field("disconnects", publisher.disconnects)
        writer.field("acknowledged", publisher.acknowledged)
        writer.field("duplicates", publisher.duplicates)
        writer.field("repeated", publisher.repeated)
        writer.field("fences_returned", publisher.fencesReturned)
        writer.field("resumes", publisher.resumes)
        writer.field("resumes_incomplete", publisher.resumesIncomplete)
        writer.field("already_stored", publisher.alreadyStored)
        writer.field("stream_problem", publisher.streamProblem.map { "\($0)" })
    }
}
