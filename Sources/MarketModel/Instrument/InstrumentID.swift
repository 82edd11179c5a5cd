/// The place of an instrument in its loop's tables, dense from 0.
public struct InstrumentID: Hashable, Sendable {
    public let index: Int32

    @inlinable
    public init(_ index: Int) {
        self.index = Int32(truncatingIfNeeded: index)
    }
}
