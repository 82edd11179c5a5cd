package import MarketModel

/// Puts events into bytes. JSON today; a binary encoding can stand beside it.
///
/// The fixed part of a subject's messages is made once; what an event adds is written behind it, straight into the
/// queue's memory. Every writing method has a companion that bounds its size.
package protocol MessageEncoder: Sendable {
    /// The part of a message that is the same for every message under a subject.
    func prefix(_ type: MessageType, of instrument: Instrument?, instance: String, boot: String) -> String
    /// The same for the `gap` messages about one subject.
    func prefix(_ gap: GapSubject, instance: String, boot: String) -> String

    func encode(
        _ trade: Trade, id: UnsafeRawBufferPointer, number: UInt64, unit: SizeUnit, scales: DecimalScales,
        to writer: inout ByteWriter)
    func encode(
        _ offer: BestBidOffer, number: UInt64, unit: SizeUnit, scales: DecimalScales, to writer: inout ByteWriter)
    func encode(
        _ view: OrderBookView, levels: borrowing LevelBuffer, number: UInt64, book: BookEncoding,
        to writer: inout ByteWriter)
    func encode(
        _ delta: OrderBookDelta, levels: borrowing LevelBuffer, number: UInt64, book: BookEncoding,
        to writer: inout ByteWriter)

    func encode(_ price: MarkPrice, number: UInt64, to writer: inout ByteWriter)
    func encode(_ rate: FundingRate, number: UInt64, to writer: inout ByteWriter)
    func encode(_ interest: OpenInterest, number: UInt64, unit: SizeUnit, to writer: inout ByteWriter)
    func encode(
        _ liquidation: Liquidation, id: UnsafeRawBufferPointer, number: UInt64, unit: SizeUnit,
        to writer: inout ByteWriter)
    func encode(_ ratio: LongShortRatio, number: UInt64, to writer: inout ByteWriter)
    func encode(_ index: VolatilityIndex, number: UInt64, to writer: inout ByteWriter)
    /// - Parameter frame: The bytes that the numbers stand in.
    func encode(
        _ bar: Kline, numbers: KlineNumbers, frame: Span<UInt8>, number: UInt64, to writer: inout ByteWriter)

    /// The most bytes that a message adds to its prefix; levels, ids and numbers of bars aside.
    var fixedBytesMax: Int { get }

    /// Messages that are rare are made as text.
    func text(_ instrument: Instrument, number: UInt64, received: Timestamp) -> String
    func text(_ change: StatusChange, name: String, number: UInt64) -> String
    func text(_ heartbeat: Heartbeat, number: UInt64) -> String
    func text(_ gap: GapEntry, number: UInt64) -> String
}

/// What messages about a book say beside its levels.
package struct BookEncoding {
    package let boot: UnsafeRawBufferPointer
    package let unit: SizeUnit
    package let depth: Int
    package let scales: DecimalScales
}
