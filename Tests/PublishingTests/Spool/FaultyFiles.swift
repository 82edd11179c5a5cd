import Glibc
import Publishing
import Synchronization

/// The disk, made to fail: writes and syncs end with a given error while one is set. For any thread.
final class FaultyFiles: SpoolFiles {
    private final class File: SpoolFile {
        private let file: any SpoolFile
        private let faults: Faults

        init(_ file: any SpoolFile, _ faults: Faults) {
            self.file = file
            self.faults = faults
        }

        func size() throws(SpoolFileError) -> Int { try self.file.size() }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolFileError) -> Int {
            try self.file.read(into: buffer, at: offset)
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SpoolFileError) {
            try self.faults.check("write", self.faults.writes)
            try self.file.write(bytes, at: offset)
        }

        func truncate(to size: Int) throws(SpoolFileError) { try self.file.truncate(to: size) }

        func sync() throws(SpoolFileError) {
            usleep(self.faults.syncMicroseconds.load(ordering: .relaxed))
            try self.faults.check("sync", self.faults.syncs)
            try self.file.sync()
        }
    }

    /// What fails now, as error numbers; 0 for nothing.
    final class Faults: Sendable {
        let writes = Atomic<Int32>(0)
        let syncs = Atomic<Int32>(0)
        /// How long a sync takes at least.
        let syncMicroseconds = Atomic<UInt32>(0)

        fileprivate func check(_ operation: StaticString, _ fault: borrowing Atomic<Int32>) throws(SpoolFileError) {
            let code = fault.load(ordering: .relaxed)
            if code != 0 { throw SpoolFileError(operation, code) }
        }
    }

    let faults = Faults()
    private let disk = DiskFiles()

    func makeDirectory(_ path: String) { self.disk.makeDirectory(path) }

    func lock(_ path: String, of directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        try self.disk.lock(path, of: directory)
    }

    func list(_ directory: String) throws(SpoolFileError) -> [String] { try self.disk.list(directory) }

    func open(_ path: String, _ mode: SpoolOpenMode) throws(SpoolFileError) -> any SpoolFile {
        File(try self.disk.open(path, mode), self.faults)
    }

    func remove(_ path: String) throws(SpoolFileError) { try self.disk.remove(path) }

    func syncDirectory(_ path: String) throws(SpoolFileError) { try self.disk.syncDirectory(path) }
}
