/// The place of an instrument in its loop's tables, dense from 0.
package struct InstrumentID: Hashable, Sendable {
    package let index: Int32

    @inlinable
    package init(_ index: Int) {
        self.index = Int32(truncatingIfNeeded: index)
    }
}
