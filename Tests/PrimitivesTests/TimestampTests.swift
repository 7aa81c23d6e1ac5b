import Primitives
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_794_474_942_000_000, "2026-11-12T09:15:42Z"),
      (-1, "1969-12-31T23:59:59.999999Z"), (951_782_400_500_000, "2000-02-29T00:00:00.500Z"),
    ] as [(Int64, String)])
  func `a moment is written as RFC 3339 and read back`(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).description == text)
    #expect(Timestamp(text)?.microseconds == microseconds)
  }

  @Test(
    arguments: [
      (1_794_474_942_999_999, "2026-11-12T09:15:42Z"), (-1, "1969-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func `a sentence has whole seconds`(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).inSentence == text)
  }

  @Test(arguments: [
    ("holidays", "Holidays."), ("Holidays.", "Holidays."), ("really?", "Really?"), ("ärger", "Ärger."),
    ("run_1 failed", "run_1 failed."), ("0 7 * * * was wrong", "0 7 * * * was wrong."), ("", ""),
  ])
  func `a text of somebody's becomes a sentence`(text: String, sentence: String) {
    #expect(text.asSentence == sentence)
  }

  @Test func `an offset is taken into account`() {
    #expect(Timestamp("2026-11-12T10:15:42.25+01:00") == Timestamp("2026-11-12T09:15:42.250Z"))
  }

  @Test(arguments: [
    "", "2026-11-12", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-12T24:00:00Z",
    "2026-11-12T09:15:42", "2026-11-12T09:15:42.Z", "2026-11-12T09:15:42Zz", "0000-01-01T00:00:00Z",
  ])
  func `anything else is refused`(text: String) {
    #expect(Timestamp(text) == nil)
  }
}
