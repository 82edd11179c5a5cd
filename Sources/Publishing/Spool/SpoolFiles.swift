/// What failed on a file, and why.
package struct SpoolFileError: Error, Sendable {
    package let operation: StaticString
    package let code: Int32

    package init(_ operation: StaticString, _ code: Int32) {
        self.operation = operation
        self.code = code
    }
}

package enum SpoolOpenMode: Sendable {
    case read
    /// For reading and writing, made where it is missing.
    case update
    /// For reading and writing, empty.
    case create
}

/// The few file operations the spool is built on.
package protocol SpoolFiles: Sendable {
    /// Makes a directory with its parents; errors show when a file in it is opened.
    func makeDirectory(_ path: String)

    /// Takes the lock file at `path`; the lock is held as long as the returned object.
    func lock(_ path: String, of directory: String) throws(SpoolError) -> any AnyObject & Sendable

    /// The names in a directory, in any order.
    func list(_ directory: String) throws(SpoolFileError) -> [String]

    func open(_ path: String, _ mode: SpoolOpenMode) throws(SpoolFileError) -> any SpoolFile

    /// Removes a file; one that does not exist is no error.
    func remove(_ path: String) throws(SpoolFileError)

    /// Forces what was made and removed in a directory to the disk.
    func syncDirectory(_ path: String) throws(SpoolFileError)
}

/// An open file, closed when it is let go; a sync may run on another thread beside everything else.
package protocol SpoolFile: AnyObject, Sendable {
    func size() throws(SpoolFileError) -> Int

    /// Reads into all of `buffer`; fewer bytes only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolFileError) -> Int

    /// Writes all of `bytes`; when it throws, a part of them may stand in the file.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SpoolFileError)

    func truncate(to size: Int) throws(SpoolFileError)

    /// Forces the data to the disk.
    func sync() throws(SpoolFileError)
}
