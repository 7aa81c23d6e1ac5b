import Testing

@testable import Signatures

@Suite struct OwnMarksTests {
  private static let marks = OwnMarks(key: Array(0..<32))

  @Test func `a mark stands where it was made for, and nowhere else`() {
    let mark = Self.marks.mark("dlv_1", at: "here", after: "Done.")
    #expect(mark.hasPrefix("<!-- errand:dlv_1 "))
    #expect(mark.count == OwnMarks.blank("dlv_1").count)
    #expect(Self.marks.stands(in: "Done.\n\(mark)\n", at: "here", whole: true))
    #expect(!Self.marks.stands(in: "Done.\n\(mark)\n", at: "there", whole: true))
    #expect(!Self.marks.stands(in: "Done!\n\(mark)\n", at: "here", whole: true))
    #expect(!OwnMarks(key: Array(1..<33)).stands(in: "Done.\n\(mark)\n", at: "here", whole: true))
  }

  @Test func `a mark for a place alone stands there whatever the text is, and is none for a text`() {
    let mark = Self.marks.mark("dlv_1", at: "here", after: "")
    #expect(Self.marks.stands(in: "Anything.\(mark)", at: "here", whole: false))
    #expect(!Self.marks.stands(in: "Anything.\(mark)", at: "here", whole: true))
    #expect(!Self.marks.stands(in: "Anything.\(mark)", at: "there", whole: false))
  }

  @Test(arguments: [
    "", "<!-- errand:", "<!-- errand: -->", "<!-- errand:a b -->", "<!-- errand:a -->", "<!-- errand:a ff",
    "<!-- errand:a ff --> more", "<!-- errand:a \u{0}  -->",
  ])
  func `what only looks like one is none`(text: String) {
    for whole in [true, false] { #expect(!Self.marks.stands(in: text, at: "here", whole: whole)) }
    #expect(!Self.marks.stands(in: text + OwnMarks.blank("a"), at: "here", whole: true))
  }
}
