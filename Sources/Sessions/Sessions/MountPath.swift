/// Where the sandbox sees something that is mounted.
package enum MountPath {
  /// Whether two things cannot be mounted at these places together: they are one place, or one would have to be a
  /// file and the folder of the other. By bytes, as the file system compares.
  package static func collide(_ one: String, _ other: String) -> Bool {
    let (shorter, longer) =
      one.utf8.count <= other.utf8.count ? (one.utf8, other.utf8) : (other.utf8, one.utf8)
    guard longer.starts(with: shorter) else { return false }
    let rest = longer.dropFirst(shorter.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "/")
  }
}
