import MarketModel
import Testing
import Venues

@Suite("Binance instruments")
struct BinanceInstrumentsTests {
    @Test("A list of COIN-M gives canonical symbols, contract sizes and expiries; a bad entry refuses only itself")
    func coinm() throws {
        let json = #"""
            {"symbols":[
            {"symbol":"BTCUSD_PERP","contractStatus":"TRADING","contractType":"PERPETUAL","contractSize":100,
             "baseAsset":"BTC","quoteAsset":"USD","marginAsset":"BTC","deliveryDate":4133404800000,
             "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.10"},{"filterType":"LOT_SIZE","stepSize":"1","minQty":"1"}]},
            {"symbol":"BTCUSD_261225","contractStatus":"TRADING","contractType":"CURRENT_QUARTER","contractSize":100,
             "baseAsset":"BTC","quoteAsset":"USD","marginAsset":"BTC","deliveryDate":1798185600000},
            {"symbol":7}]}
            """#
        let (instruments, refused) = try BinanceInstruments.parse(Array(json.utf8), segment: .coinm)
        #expect(refused == 1)
        #expect(instruments.map(\.symbol) == ["BTC-USD", "BTC-USD-261225"])
        #expect(instruments.map(\.market) == [.perpetual, .future])
        #expect(instruments[0].tickSize == "0.1" && instruments[0].contractSize == "100")
        #expect(instruments[0].unit == .contracts && instruments[0].expiresMicroseconds == nil)
        #expect(instruments[1].expiresMicroseconds == 1_798_185_600_000_000)
    }

    @Test(
        "A perpetual that is being delivered stays a perpetual",
        arguments: ["PERPETUAL_DELIVERING", "TRADIFI_PERPETUAL", ""])
    func perpetual(_ type: String) throws {
        let json =
            #"{"symbols":[{"symbol":"ABCUSDT","status":"TRADING","contractType":"\#(type)","baseAsset":"ABC","quoteAsset":"USDT"}]}"#
        let instruments = try BinanceInstruments.parse(Array(json.utf8), segment: .usdm).instruments
        #expect(instruments.first?.symbol == "ABC-USDT" && instruments.first?.market == .perpetual)
    }

    @Test("Text that is no list is refused whole")
    func unreadable() {
        #expect(throws: BinanceInstruments.Unreadable.self) {
            try BinanceInstruments.parse(Array("<html>".utf8), segment: .spot)
        }
    }
}
