/// The times of a day in words.
///
/// Few times are listed. More are described by field, never as a period: a step starts again every hour, so
/// `*/7` is "at minutes 0, 7, ..., 56 of each hour" and not "every 7 minutes".
struct TimesExplanation {
  let times: TimesOfDay

  /// As many times as are listed one by one.
  private static let mostListed = 6

  /// Whether the words already say that no day is left out.
  var impliesEveryDay: Bool { hasAllHours }

  var text: String {
    let (seconds, minutes, hours) = (times.seconds, times.minutes, times.hours)
    if hasOnlySecondZero {
      if !hasAllHours, minutes.count == 1 || minutes.count * hours.count <= Self.mostListed {
        return "At " + clockTimes
      }
      return minutes.count == 60
        ? "Every minute" + ofHours : "At " + minutePhrase + (hasAllHours ? " of each hour" : ofHours)
    }
    if seconds.count * minutes.count * hours.count <= Self.mostListed { return "At " + clockTimes }
    let secondPhrase =
      seconds.count == 60
      ? "Every second"
      : "At " + phrase("second", EnglishSeries(seconds.members, name: \.description), seconds)
    if minutes.count == 60 {
      return secondPhrase + (seconds.count == 60 ? "" : " of each minute") + ofHours
    }
    return secondPhrase + " of " + minutePhrase + (hasAllHours ? " of each hour" : ofHours)
  }

  private var hasAllHours: Bool { times.hours.count == 24 }
  private var hasOnlySecondZero: Bool { times.seconds == Bits([0]) }

  private var minutePhrase: String {
    phrase("minute", EnglishSeries(times.minutes.members, name: \.description), times.minutes)
  }

  private var ofHours: String {
    guard !hasAllHours else { return "" }
    let hours = EnglishSeries(times.hours.members, cycle: 24) { padded($0) }
    return " of " + (times.hours.count == 1 ? "hour " : "the hours ") + hours.text
  }

  private func phrase(_ unit: String, _ series: EnglishSeries, _ values: Bits) -> String {
    (values.count == 1 ? unit : unit + "s") + " " + series.text
  }

  /// `09:00, 09:30 and 10:00`.
  private var clockTimes: String {
    var list: [Int] = []
    for hour in times.hours.members {
      for minute in times.minutes.members {
        for second in times.seconds.members { list.append(hour * 3600 + minute * 60 + second) }
      }
    }
    return EnglishSeries(list, name: clockTime).text
  }

  private func clockTime(_ time: Int) -> String {
    let clock = "\(padded(time / 3600)):\(padded(time / 60 % 60))"
    return hasOnlySecondZero ? clock : clock + ":\(padded(time % 60))"
  }
}
