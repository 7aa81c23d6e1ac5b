import Testing

@testable import Sessions

@Suite struct MountPathTests {
  @Test(arguments: [
    ("/a", "/a", true), ("/a", "/a/b", true), ("/a", "/a/b/c", true), ("/a", "/ab", false),
    ("/a/b", "/a/c", false), ("/a/b", "/b", false),
    // A letter with an accent is other bytes than the letter and the accent.
    ("/\u{E9}", "/e\u{301}", false), ("/a", "/a/\u{301}", true),
  ])
  func `two places collide when one is the other or lies inside it`(one: String, other: String, collide: Bool)
  {
    #expect(MountPath.collide(one, other) == collide)
    #expect(MountPath.collide(other, one) == collide)
  }
}
