/// A ledger with what is needed to publish it.
package struct LedgerOutput: Sendable {
    package let ledger: GapLedger
    package let subjects: Subjects
    package let encoder: any MessageEncoder

    package init(_ ledger: GapLedger, subjects: Subjects, encoder: any MessageEncoder) {
        self.ledger = ledger
        self.subjects = subjects
        self.encoder = encoder
    }
}
