/// The number by which `H` places a schedule in a field.
///
/// FNV-1a (64 bit) over the name, byte 0x1F and the field's name, then the finishing mix of MurmurHash3:
/// names such as job-1 and job-2 differ only in their last byte, which FNV-1a alone keeps close together.
/// The field is in the key so that a job's minute does not predict its hour.
enum StableHash {
  static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  static func mixed(_ value: UInt64) -> UInt64 {
    var value = value
    value ^= value >> 33
    value &*= 0xFF51_AFD7_ED55_8CCD
    value ^= value >> 33
    value &*= 0xC4CE_B9FE_1A85_EC53
    value ^= value >> 33
    return value
  }

  static func value(name: String, field: Field) -> UInt64 {
    mixed(fnv1a(key(name: name, field: field)))
  }

  static func key(name: String, field: Field) -> [UInt8] {
    Array(name.utf8) + [0x1F] + Array(field.name.utf8)
  }
}
