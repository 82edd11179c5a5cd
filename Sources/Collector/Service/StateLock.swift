import Glibc

/// The state directory, held by one process at a time.
///
/// A lock of `flock` on a file in it: the kernel gives it up when the process ends, however it ends, and children do
/// not inherit it. The file stays; what stands in it is the process id of the last holder.
package final class StateLock: Sendable {
    /// Why the directory is not ours.
    package struct Refusal: Error, CustomStringConvertible, Sendable {
        package enum Kind: Hashable, Sendable {
            /// Another process has it; its id where the file tells.
            case held(by: Int32?)
            /// It cannot be made, written or locked.
            case unusable
        }

        package let kind: Kind
        package let description: String
    }

    private static let fileName = "lock"

    private let descriptor: Int32

    /// Makes the directory where it is missing, its parents too, and takes it.
    package init(directory: String) throws(Refusal) {
        Self.make(directory)
        let shown = Self.absolute(directory)
        let descriptor = open(directory + "/" + Self.fileName, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.unusable(shown, errno) }
        var code: Int32 = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            code = errno
            if code != EINTR { break }
            code = 0
        }
        guard code == 0 else {
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw Self.unusable(shown, code) }
            throw Self.held(shown, by: Self.holder(descriptor))
        }
        guard Self.sign(descriptor) else {
            let code = errno
            close(descriptor)
            throw Self.unusable(shown, code)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    /// Errors show when the file is opened.
    private static func make(_ directory: String) {
        var path = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path += path.isEmpty && !directory.hasPrefix("/") ? String(part) : "/\(part)"
            if !part.isEmpty { mkdir(path, 0o750) }
        }
    }

    /// Writes our process id into the file; on a full disk it stays empty, as the lock holds without it.
    private static func sign(_ descriptor: Int32) -> Bool {
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count { return true }
        return errno == ENOSPC || errno == EDQUOT
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static func absolute(_ directory: String) -> String {
        guard let path = realpath(directory, nil) else { return TerminalText.escaped(directory) }
        defer { free(path) }
        return TerminalText.escaped(String(cString: path))
    }

    private static func held(_ directory: String, by holder: Int32?) -> Refusal {
        let who = holder.map { "process \($0)" } ?? "another process"
        return Refusal(
            kind: .held(by: holder),
            description: "the state directory \(directory) is in use by \(who); stop it, or give this one a "
                + "state_directory of its own")
    }

    private static func unusable(_ directory: String, _ code: Int32) -> Refusal {
        Refusal(
            kind: .unusable,
            description: "the state directory \(directory) cannot be used: \(String(cString: strerror(code)))")
    }
}
