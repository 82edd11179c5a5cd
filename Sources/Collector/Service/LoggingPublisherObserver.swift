import Glibc
import Logging
import Publishing

/// Writes what happens to the publisher into the log.
struct LoggingPublisherObserver: PublisherObserver {
    let log: Logger
    /// For what repeats as long as the server is away.
    let sampled: SampledLog

    func publisher(did event: PublisherEvent) {
        switch event {
        case .connected(let url, let hasJetStream, let streams):
            self.sampled.tell("connected to NATS", level: .info, metadata: ["url": "\(url)"])
            if !hasJetStream {
                self.log.warning("the server has no JetStream: what a lost connection takes is lost")
            }
            for stream in streams { self.report(stream) }
        case .disconnected(let reason):
            self.sampled.tell("disconnected from NATS", metadata: ["reason": "\(reason)"])
        case .connectFailed(let error, let attempt, let next):
            self.sampled.tell(
                "NATS is not reachable", metadata: ["error": "\(error)", "attempt": "\(attempt)", "next": "\(next)"])
        case .streamProblem(let problem):
            self.sampled.tell(
                "JetStream takes no messages", level: .error, metadata: ["problem": "\(problem)"])
        case .streamRecovered:
            self.sampled.tell("JetStream takes messages again", level: .info)
        case .resumeIncomplete(let read, let reason):
            self.sampled.tell(
                "what the streams hold was not read to its end", metadata: ["read": "\(read)", "reason": "\(reason)"])
        case .spoolOpened(let recovery): self.report(recovery)
        case .spoolFailing(let operation, let code):
            self.sampled.tell(
                "the spool cannot be written", level: .error,
                metadata: ["operation": "\(operation)", "error": "\(String(cString: strerror(code)))"])
        case .spoolWorks:
            self.sampled.tell("the spool can be written again", level: .info)
        case .publishNotPermitted(let count):
            self.sampled.tell(
                "the server does not permit publishing", level: .error, metadata: ["count": "\(count)"])
        }
    }

    private func report(_ recovery: SpoolRecovery) {
        guard recovery.records > 0 || recovery.tornTails > 0 || recovery.lostRecords > 0 else { return }
        let isDamaged = recovery.corruptSegments > 0 || recovery.lostRecords > 0 || recovery.isCursorLost
        self.log.log(
            level: isDamaged ? .error : .info, "the spool holds messages of an earlier process",
            metadata: [
                "messages": "\(recovery.records)", "bytes": "\(recovery.bytes)", "torn_bytes": "\(recovery.tornBytes)",
                "lost": "\(recovery.lostRecords)", "microseconds": "\(recovery.microseconds)",
            ])
    }

    private func report(_ stream: StreamReport) {
        for (subject, owner) in stream.otherOwners {
            self.log.warning(
                "another stream owns the subject and is published into",
                metadata: ["subject": "\(subject)", "stream": "\(owner)"])
        }
        switch stream.outcome {
        case .created: self.log.info("stream created", metadata: ["stream": "\(stream.name)"])
        case .asExpected: break
        case .differs(let differences), .adopted(let differences):
            for difference in differences {
                self.log.warning(
                    "stream has other settings",
                    metadata: [
                        "stream": "\(stream.name)", "setting": "\(difference.setting)",
                        "expected": "\(difference.expected)", "found": "\(difference.found)",
                    ])
            }
        case .failed(let reason):
            self.log.error("stream is not usable", metadata: ["stream": "\(stream.name)", "reason": "\(reason)"])
        }
    }
}
