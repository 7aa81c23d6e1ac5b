import CCurl

/// One libcurl easy handle, so that the compiler tells it from a multi handle: both are `void *` in C.
struct EasyHandle {
  let pointer: UnsafeMutableRawPointer

  init(_ pointer: UnsafeMutableRawPointer) {
    self.pointer = pointer
  }

  init() throws(HTTPClientError) {
    guard let pointer = curl_easy_init() else { throw .failed("libcurl has no memory for another transfer") }
    self.pointer = pointer
  }

  /// Forgets every option; kept connections stay with the multi handle.
  func reset() { curl_easy_reset(pointer) }

  func free() { curl_easy_cleanup(pointer) }

  func set(_ option: CURLoption, _ value: Int) throws(HTTPClientError) {
    try check(errand_easy_long(pointer, option, value))
  }

  func set(_ option: CURLoption, _ value: Bool) throws(HTTPClientError) {
    try check(errand_easy_long(pointer, option, value ? 1 : 0))
  }

  func set(_ option: CURLoption, bytes: Int) throws(HTTPClientError) {
    try check(errand_easy_offset(pointer, option, curl_off_t(bytes)))
  }

  /// libcurl copies the text.
  func set(_ option: CURLoption, _ value: String) throws(HTTPClientError) {
    try check(errand_easy_string(pointer, option, value))
  }

  func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(HTTPClientError) {
    try check(errand_easy_pointer(pointer, option, value))
  }

  /// The transfer this handle works for, if it is added.
  var transfer: Transfer? {
    var context: UnsafeMutableRawPointer?
    errand_easy_info_pointer(pointer, CURLINFO_PRIVATE, &context)
    return context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The operating system's number for the last failed connect, or 0.
  var systemError: Int32 {
    var number = 0
    errand_easy_info_long(pointer, CURLINFO_OS_ERRNO, &number)
    return Int32(truncatingIfNeeded: number)
  }
}

/// Options fail when memory does, or when this libcurl was built without the feature.
func check(_ code: CURLcode) throws(HTTPClientError) {
  guard code == CURLE_OK else { throw .failed(String(cString: curl_easy_strerror(code))) }
}

func check(_ code: CURLMcode) throws(HTTPClientError) {
  guard code == CURLM_OK else { throw .failed(String(cString: curl_multi_strerror(code))) }
}
