import Observability
import Publishing

extension MetricsPage {
    static func messages(_ report: ServiceReport) -> [MetricFamily] {
        var produced = MetricFamily("sluice_messages_produced_total", help: "Messages made, by type.", kind: .counter)
        var conflated = MetricFamily(
            "sluice_messages_conflated_total", help: "States that a later one replaced, by type.", kind: .counter)
        var confirmed = MetricFamily(
            "sluice_messages_confirmed_total", help: "Messages that the server confirmed, by type.", kind: .counter)
        var unconfirmed = MetricFamily(
            "sluice_messages_unconfirmed_total", help: "Messages sent and never confirmed, by type.", kind: .counter)
        var dropped = MetricFamily(
            "sluice_messages_dropped_total", help: "Messages given up, by type and reason.", kind: .counter)
        for (type, counts) in zip(MessageType.allCases, report.counts) {
            produced.add(["type": "\(type.token)"], .count(counts.produced))
            conflated.add(["type": "\(type.token)"], .count(counts.conflated))
            confirmed.add(["type": "\(type.token)"], .count(counts.confirmed))
            unconfirmed.add(["type": "\(type.token)"], .count(counts.unconfirmed))
            for reason in DropReason.allCases {
                dropped.add(["type": "\(type.token)", "reason": "\(reason.name)"], .count(counts[reason]))
            }
        }
        return [produced, conflated, confirmed, unconfirmed, dropped]
    }

    /// The terms of one moment: in each lane `produced` is the sum of all others.
    static func accounting(_ report: ServiceReport) -> [MetricFamily] {
        var terms = MetricFamily(
            "sluice_accounting_messages",
            help: "Terms of the accounts, all of one moment; produced is the sum of the others.",
            kind: .gauge)
        var balanced = MetricFamily(
            "sluice_accounting_balanced", help: "1 when every message made is accounted for.", kind: .gauge)
        var queued = MetricFamily("sluice_queue_messages", help: "Messages that wait to be sent.", kind: .gauge)
        var bytes = MetricFamily("sluice_queue_bytes", help: "Bytes in the rings.", kind: .gauge)
        var limit = MetricFamily("sluice_queue_limit_bytes", help: "What the rings may hold.", kind: .gauge)
        for (kind, cut) in report.lanes {
            let lane = "\(kind.name)"
            for (term, count) in [
                ("produced", cut.produced), ("confirmed", cut.confirmed), ("conflated", cut.conflated),
                ("dropped", cut.dropped), ("unconfirmed", cut.unconfirmed), ("queued", cut.queued),
                ("in_flight", cut.inFlight), ("spooled", cut.spooled),
            ] {
                terms.add(["lane": lane, "term": term], .count(count))
            }
            balanced.add(["lane": lane], .flag(cut.isBalanced))
            queued.add(["lane": lane], .count(cut.queued))
            bytes.add(["lane": lane], .count(cut.bytes))
            limit.add(["lane": lane], .integer(report.bounds.queueBytes))
        }
        return [terms, balanced, queued, bytes, limit]
    }

    static func nats(_ report: ServiceReport) -> [MetricFamily] {
        let publisher = report.publisher
        var connects = MetricFamily(
            "sluice_nats_connects_total", help: "Connections to the server made, failed and lost.", kind: .counter)
        connects.add(["outcome": "connected"], .count(publisher.connects))
        connects.add(["outcome": "failed"], .count(publisher.connectFailures))
        connects.add(["outcome": "lost"], .count(publisher.disconnects))
        var publishes = MetricFamily(
            "sluice_nats_publishes_total", help: "Publishes handed to the connection, repeats included.",
            kind: .counter)
        var bytes = MetricFamily("sluice_nats_published_bytes_total", help: "Bytes of their payloads.", kind: .counter)
        for (mode, (count, size)) in zip(["core", "jetstream"], zip(publisher.messages, publisher.bytes)) {
            publishes.add(["mode": mode], .count(count))
            bytes.add(["mode": mode], .count(size))
        }
        var acknowledgements = MetricFamily(
            "sluice_nats_acknowledgements_total", help: "Answers of streams, and those that stayed out.",
            kind: .counter)
        acknowledgements.add(["outcome": "stored"], .count(publisher.acknowledged))
        acknowledgements.add(["outcome": "duplicate"], .count(publisher.duplicates))
        for problem in PublishProblem.allCases {
            acknowledgements.add(["outcome": "\(problem.name)"], .count(publisher.problems[problem]))
        }
        var fences = MetricFamily(
            "sluice_nats_fences_total", help: "Fences that confirm core messages.", kind: .counter)
        for (outcome, count) in [
            ("sent", publisher.fencesSent), ("returned", publisher.fencesReturned), ("late", publisher.fencesTimedOut),
        ] {
            fences.add(["outcome": outcome], .count(count))
        }
        return [
            MetricFamily(
                "sluice_nats_connected", help: "1 while the publisher is connected.", kind: .gauge,
                value: .flag(publisher.isConnected)),
            MetricFamily(
                "sluice_nats_jetstream", help: "1 while the server has JetStream and takes messages.", kind: .gauge,
                value: .flag(publisher.isConnected && publisher.hasJetStream && publisher.streamProblem == nil)),
            connects, publishes, bytes, acknowledgements, fences,
            MetricFamily(
                "sluice_nats_repeated_total", help: "Messages sent again.", kind: .counter,
                value: .count(publisher.repeated)),
            MetricFamily(
                "sluice_nats_publish_errors_total", help: "Publishes that the library refused.", kind: .counter,
                value: .count(publisher.publishErrors)),
            MetricFamily(
                "sluice_nats_not_permitted_total", help: "Publishes that the server does not permit.", kind: .counter,
                value: .count(publisher.publishesNotPermitted)),
            MetricFamily(
                "sluice_nats_window_messages", help: "JetStream messages in flight.", kind: .gauge,
                value: .integer(publisher.window)),
            MetricFamily(
                "sluice_nats_window_limit_messages", help: "JetStream messages that may be in flight now.",
                kind: .gauge, value: .integer(publisher.windowAllowed)),
        ]
    }
}
