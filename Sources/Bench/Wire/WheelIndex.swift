import Glibc
import HTTPServer
import Primitives
import Processes

/// An index of Python packages in this process, with one small package: an environment that wants it is
/// installed for real, without anybody else's server.
struct WheelIndex {
  static let package = "errand-bench-probe"
  private let server: HTTPServer

  /// Of this machine, but none that programs in a sandbox take for the sandbox's own.
  private static let address = "127.0.0.2"

  /// What a server needs to install from here.
  var environment: [String: String] {
    ["PIP_INDEX_URL": "http://\(WheelIndex.address):\(server.port)/simple/"]
  }

  /// Nil where sandboxes cannot install packages: without pip.
  static func start() async throws -> WheelIndex? {
    guard access("/usr/bin/pip3", X_OK) == 0 else { return nil }
    let name = "errand_bench_probe-1.0-py3-none-any.whl"
    let wheel = try await Command(["/usr/bin/python3", "-c", wheel], limit: .seconds(60)).run().stdout.bytes
    let page = Array("<a href=\"/files/\(name)\">\(name)</a>".utf8)
    var configuration = HTTPServer.Configuration { request in
      switch request.path {
      case "/simple/\(package)/":
        HTTPResponse(status: 200, headers: [("content-type", "text/html")], body: .bytes(page))
      case "/files/\(name)": HTTPResponse(status: 200, body: .bytes(wheel))
      default: HTTPResponse(status: 404)
      }
    }
    configuration.address = address
    return WheelIndex(server: try HTTPServer.start(configuration))
  }

  func stop() async { await server.stop(grace: .zero) }

  /// Writes the package to standard output (PEP 427).
  private static let wheel = """
    import io, sys, zipfile
    data, info = io.BytesIO(), "errand_bench_probe-1.0.dist-info/"
    with zipfile.ZipFile(data, "w") as wheel:
        for n in range(200):
            wheel.writestr(f"errand_bench_probe/m{n}.py", "x = 1\\n" * 100)
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: errand-bench-probe\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        names = wheel.namelist() + [info + "RECORD"]
        wheel.writestr(info + "RECORD", "".join(name + ",,\\n" for name in names))
    sys.stdout.buffer.write(data.getvalue())
    """
}
