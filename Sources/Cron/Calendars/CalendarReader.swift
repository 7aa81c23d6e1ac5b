/// Reads the events of an iCalendar file (RFC 5545) as times without starts.
///
/// Read are `VEVENT`s with `DTSTART` (a date, a local time, a time in a zone, or UTC), `DTEND` or `DURATION`,
/// `SUMMARY`, `EXDATE`, `RDATE`, changed and cancelled occurrences (`RECURRENCE-ID`), and an `RRULE` that is `DAILY`,
/// `WEEKLY` (with `BYDAY`), `MONTHLY` (on its own day, one `BYMONTHDAY` or one `BYDAY` such as `2MO`) or `YEARLY` (on
/// its own date, or with `BYMONTH` and one `BYDAY` such as `4TH`), with `INTERVAL`, `COUNT` and `UNTIL`. A cancelled
/// event is no event; whether it shows people as free or busy (`TRANSP`) makes no difference, since calendars of
/// holidays show them as free. What would change the times and is not understood is refused, never passed over.
/// How zones are found is said at `CalendarZones`. Everything else, such as places, alarms and tasks, makes no
/// difference.
package enum CalendarReader {
  /// In bytes.
  package static let sizeLimit = 256 << 10
  /// As many as one schedule looks through.
  package static let eventLimit = 1000

  package static func read(_ text: String) throws(CalendarError) -> [Exclusion] {
    try read(Array(text.utf8))
  }

  /// - Parameter bytes: without a byte order mark.
  package static func read(_ bytes: [UInt8]) throws(CalendarError) -> [Exclusion] {
    var exclusions: [Exclusion] = []
    for calendar in try CalendarPart.calendars(CalendarLine.lines(bytes)) {
      let zones = CalendarZones(calendar)
      var events: [CalendarEvent] = []
      for part in calendar.parts where part.name == "VEVENT" {
        if let event = try CalendarEvent(part, zones) { events.append(event) }
      }
      // What changes an occurrence takes the place of that of its event.
      var changed: [String: [CalendarMoment]] = [:]
      for event in events {
        if let uid = event.uid, let moment = event.replaces { changed[uid, default: []].append(moment) }
      }
      for event in events {
        let moments = event.replaces == nil ? event.uid.flatMap { changed[$0] } ?? [] : []
        exclusions += try event.exclusions(without: moments)
        if exclusions.count > eventLimit {
          throw event.begin.error("The file has more than \(eventLimit) events.")
        }
      }
    }
    return exclusions
  }
}
