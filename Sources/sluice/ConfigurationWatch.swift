import Collector
import Glibc
import Logging

/// Reads the configuration again when SIGHUP asks for it or its file changed, and gives it to the running service.
///
/// A wrong file is refused with all its problems, and what was collected before goes on.
struct ConfigurationWatch: Sendable {
    /// How a file shows that it is another one: written anew or put in place of the old.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.inode = UInt64(status.st_ino)
            self.size = Int64(status.st_size)
            self.seconds = status.st_mtim.tv_sec
            self.nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private static let interval = Duration.seconds(1)

    let file: String
    let log: Logger
    let load: @Sendable () throws -> Configuration

    /// Watches until the task is cancelled.
    func run(_ service: CollectorService) async {
        var stamp = Stamp(self.file)
        var hangups = HangupSignal.count
        while true {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            let now = Stamp(self.file)
            // A file that is gone for a moment is being replaced.
            let isChanged = now != nil && now != stamp
            let isAsked = HangupSignal.count != hangups
            guard isChanged || isAsked else { continue }
            stamp = now
            hangups = HangupSignal.count
            self.reload(service)
        }
    }

    private func reload(_ service: CollectorService) {
        do {
            let later = service.reload(try self.load())
            self.log.notice("configuration read again", metadata: ["file": "\(self.file)"])
            if !later.isEmpty {
                self.log.warning(
                    "some changes take effect at the next start only",
                    metadata: ["keys": "\(later.joined(separator: ", "))"])
            }
        } catch {
            service.reloadRefused()
            self.log.error(
                "the changed configuration is refused, the former goes on",
                metadata: ["file": "\(self.file)", "error": "\(error)"])
        }
    }
}
