/// What a frame said to the connection rather than to the market.
package enum VenueControl: Equatable, Sendable {
    /// A request was taken: all of it, or the streams at these places.
    ///
    /// The id is missing where the venue does not repeat it.
    case acknowledged(id: UInt64?, streams: [Int]?)
    /// A request was refused, or one stream of it.
    case refused(id: UInt64?, stream: Int?, code: Int64)
    /// The venue is about to close its side.
    case shutdown
    /// An answer to our sign of life, or a sign of life that wants none.
    case alive
    /// A sign of life that must be answered at once.
    case prompt
    /// The list of instruments changed: a listing, a delisting, another state.
    case instrumentsChanged
}
