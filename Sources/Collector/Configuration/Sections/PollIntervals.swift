package import Venues

/// How often a venue is asked for what it does not push.
package struct PollIntervals: Hashable, Sendable {
    package var openInterest = Duration.seconds(30)
    package var ratios = Duration.seconds(60)
    package var volatility = Duration.seconds(60)
    package var funding = Duration.seconds(3_600)
    package var instruments = Duration.seconds(900)

    package init() {}

    /// How often a type is asked for; nil for one that never is.
    package func interval(of type: DataType) -> Duration? {
        switch type {
        case .openInterest: self.openInterest
        case .topPositionRatio, .topAccountRatio, .allAccountRatio: self.ratios
        case .volatilityIndex: self.volatility
        case .fundingRate: self.funding
        case .instrument: self.instruments
        case .trade, .orderbook, .bbo, .markPrice, .liquidation, .kline: nil
        }
    }

    /// The keys that a section has: for what it is asked for.
    static func fields(of segment: VenueSegment) -> [SettingField<SegmentSettings>] {
        func isPolled(_ type: DataType) -> Bool { segment.offer(of: type).isPolled }
        let range = Duration.seconds(1)...Duration.seconds(86_400)
        var fields: [SettingField<SegmentSettings>] = []
        if isPolled(.openInterest) {
            fields.append(
                .value(
                    "open_interest_every", \.pollIntervals.openInterest, .duration(range),
                    "How often the open interest of each instrument is asked for."))
        }
        if isPolled(.allAccountRatio) {
            fields.append(
                .value(
                    "ratios_every", \.pollIntervals.ratios, .duration(range),
                    "How often each long/short ratio is asked for."))
        }
        if isPolled(.volatilityIndex) {
            fields.append(
                .value(
                    "volatility_every", \.pollIntervals.volatility, .duration(range),
                    "How often the bars of volatility indices are asked for."))
        }
        if isPolled(.fundingRate) {
            fields.append(
                .value(
                    "funding_every", \.pollIntervals.funding, .duration(range),
                    "How often the intervals of funding are asked for."))
        }
        if isPolled(.instrument) {
            fields.append(
                .value(
                    "instruments_every", \.pollIntervals.instruments, .duration(range),
                    "How often the list of instruments is loaded again, beside changes that the venue tells."))
        }
        return fields
    }
}
