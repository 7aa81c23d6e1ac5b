import Testing

@testable import Cron

@Suite struct `An error` {
  @Test(arguments: [
    (
      "0 24 * * *",
      "Found \"24\" in the hour field at offset 2, expected a number from 0 to 23. Midnight is hour 0."
    ),
    (
      "0 0 * * MONDAY",
      "Found \"MONDAY\" in the day-of-week field at offset 8, expected one of SUN MON TUE WED THU FRI SAT or a "
        + "number. Names have three letters: write MON."
    ),
    (
      "0 0 * * * * 2026",
      "Found \"2026\" at offset 12, expected the end after five fields (minute hour day-of-month month "
        + "day-of-week), or six with the second first. A year field is not supported."
    ),
    (
      "@reboot",
      "Found \"@reboot\" in the macro at offset 0, expected @hourly, @daily, @midnight, @weekly, @monthly, "
        + "@yearly, @annually or @every. A start of the machine is not a time."
    ),
    (
      "0 0 0 * *",
      "Found \"0\" in the day-of-month field at offset 4, expected a number from 1 to 31. Days count from 1; the "
        + "last day of a month is L."
    ),
    (
      "0 0 1 0 *",
      "Found \"0\" in the month field at offset 6, expected a number from 1 to 12. Months count from 1 (JAN) to "
        + "12 (DEC)."
    ),
    (
      "1~5 * * * *",
      "Found \"~\" in the minute field at offset 1, expected a comma or the end of the field. For a time spread "
        + "by the schedule's name write H(1-5) instead of 1~5."
    ),
    (
      "0 0 31 2 *",
      "No day of any year fits \"31 2 *\" in the day-of-month field at offset 4, expected a day, month and weekday "
        + "that meet in some year. The schedule would never fire."
    ),
    (
      "H * * * *",
      "Found \"H\" in the minute field at offset 0 but no name to spread it by, expected a schedule with a name, "
        + "or a number here."
    ),
    ("0 9-", "Something is missing at offset 4, expected five fields"),
    (
      "1- * * * *", "Something is missing in the minute field at offset 2, expected the end of the range."
    ),
    (
      "*\u{2044}5 * * * *",
      "Found \"U+2044\" at offset 1, expected only printable ASCII, spaces and tabs. Text pasted from documents "
        + "often has look-alikes of *, / and spaces."
    ),
  ])
  func `says what was found, where, and what was expected`(text: String, sentence: String) {
    let error = #expect(throws: CronError.self) { try CronExpression(text) }
    #expect(error?.description.hasPrefix(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `gives the numbers that are allowed`() {
    let error = #expect(throws: CronError.self) { try CronExpression("0 0 L-31 * *") }
    #expect(error?.allowed == 1...30)
    #expect(error?.found == "31")
    #expect(error?.class.rawValue == "out_of_range")
  }

  @Test func `is found in every text, and no text breaks the parser`() {
    var random = SeededGenerator(seed: 5)
    let alphabet = Array("0123456789*/-,LW#?H() \tMONJAFRI@everyd~é")
    var refused = 0
    for _ in 0..<6_000 {
      let text = String((0..<random.pick(0...24)).map { _ in alphabet[random.pick(0...alphabet.count - 1)] })
      do {
        _ = try CronExpression(text, name: "job")
      } catch {
        refused += 1
        #expect((0...text.utf8.count).contains(error.offset), "\(text)")
      }
    }
    #expect(refused > 3_000)
  }

  @Test func `is found where an accepted text is broken`() throws {
    var random = SeededGenerator(seed: 6)
    let alphabet = Array("059*/-,LW#?H()JAN~ ")
    for _ in 0..<3_000 {
      var text = Array(RandomExpression(six: random.chance(30), using: &random).text)
      let place = random.pick(0...text.count - 1)
      text[place] = alphabet[random.pick(0...alphabet.count - 1)]
      do {
        _ = try CronExpression(String(text), name: "job")
      } catch {
        #expect((0...text.count).contains(error.offset), "\(String(text))")
        #expect(error.description.hasSuffix("."), "\(error)")
      }
    }
  }
}
