/// How order books are kept and published.
package struct BooksSettings: Hashable, Sendable {
    /// Levels a side that are published.
    package var depth = 100
    /// Levels a side that are kept.
    package var retain = 1_000
    package var snapshotInterval = Duration.seconds(1)
    package var idleInterval = Duration.seconds(10)
    /// As configured; nil leaves it to `refreshThreshold`.
    package var refreshBelow: Int?
    package var bufferFrames = 2_000
    package var bufferBytes = ByteSize.mebibytes(8)
    package var crossedFor = Duration.seconds(1)
    package var auditInterval = Duration.seconds(5)

    package init() {}

    /// A live book with fewer trusted levels on a side is refreshed: as configured, otherwise 300 or half again the
    /// depth, whichever is more, and never more than is kept.
    package var refreshThreshold: Int {
        self.refreshBelow ?? min(self.retain, max(300, self.depth + self.depth / 2))
    }

    static var fields: [SettingField<BooksSettings>] {
        [
            .value("depth", \.depth, .integer(1...5_000), "Levels a side that are published, the view."),
            .value(
                "retain", \.retain, .integer(1...20_000),
                "Levels a side that are kept; a small reserve behind the view makes a book useless."),
            .value(
                "snapshot_interval", \.snapshotInterval, .duration(.milliseconds(10)...(.seconds(60))),
                "A whole book is published this often if its view changed."),
            .value(
                "idle_interval", \.idleInterval, .duration(.seconds(1)...(.seconds(3_600))),
                "A whole book is published at least this often."),
            .optional(
                "refresh_below", \.refreshBelow, .integer(1...20_000),
                "A live book with fewer trusted levels on a side is refreshed by a new snapshot; where its snapshots reach less "
                    + "deep, halfway between view and their end.",
                defaultText: "300, or 1.5 x depth if more"),
            .value(
                "buffer_frames", \.bufferFrames, .integer(16...1_000_000),
                "Updates kept for each book while it waits for its snapshot."),
            .value(
                "buffer_bytes", \.bufferBytes, .size(.kibibytes(64)...(.gibibytes(1))),
                "The same limit in bytes."),
            .value(
                "crossed_for", \.crossedFor, .duration(.milliseconds(100)...(.seconds(60))),
                "A book crossed or locked for longer is thrown away and built anew."),
            .value(
                "audit_interval", \.auditInterval, .duration(.zero...(.seconds(3_600))),
                "Time between two comparisons of a live book with the venue's own, one book at a time; 0s is never."),
        ]
    }
}
