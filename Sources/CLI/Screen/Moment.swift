import ArgumentParser
import Cron
import Glibc
import Jobs
import Primitives

/// A moment as somebody writes it at a command line: how long ago, a day, a time of this machine's clocks, or a whole
/// one with its offset.
struct Moment: Equatable {
  var time: Timestamp

  /// - Parameter option: its name, for whoever wrote it otherwise.
  /// - Throws: `ValidationError`.
  init(_ text: String, of option: String, now: Timestamp) throws {
    if let ago = DurationText.parse(text) {
      time = now - ago
    } else if let whole = Timestamp(text) {
      time = whole
    } else if let wall = WallTime(text) {
      time = Moment.local(wall)
    } else {
      throw ValidationError(
        "--\(option): “\(text)” is not a time. Write how long ago it was, such as 2h or 1d, a day such as 2026-11-12, "
          + "or a time such as 2026-11-12T07:00.")
    }
  }

  /// On this machine's clocks.
  private static func local(_ wall: WallTime) -> Timestamp {
    var seconds = time_t(wall.seconds)
    var fields = tm()
    gmtime_r(&seconds, &fields)
    // Whether it is summer is for the zone to say.
    fields.tm_isdst = -1
    return Timestamp(seconds: Int64(mktime(&fields)))
  }
}
