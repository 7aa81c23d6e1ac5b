import HTTPClient
import HTTPServer
import Primitives
import Processes
import TestSupport
import Testing

@testable import Hands

/// An index of Python packages and a registry of Node packages on loopback, which have one small package each.
final class PackageIndex: Sendable {
  static let host = "packages.example"
  private let server: HTTPServer
  private let asked = Lock<[String]>([])
  private let files = Lock<[String: [UInt8]]>([:])

  var port: UInt16 { server.port }
  /// The paths that were asked for so far.
  var paths: [String] { asked.withLock { $0 } }

  init() async throws {
    let (asked, files) = (asked, files)
    server = try HTTPServer.start(
      HTTPServer.Configuration { request in
        asked.withLock { $0.append(request.path) }
        guard let body = files.withLock({ $0[request.path] }) else { return HTTPResponse(status: 404) }
        let type = request.path.hasPrefix("/simple") ? "text/html" : "application/json"
        return HTTPResponse(status: 200, headers: [("Content-Type", type)], body: .bytes(body))
      })
    let wheel = "errand_probe-1.0-py3-none-any.whl"
    let made = [
      "/simple/errand-probe/": Array("<a href=\"/files/\(wheel)\">\(wheel)</a>".utf8),
      "/files/\(wheel)": try await Self.made(Self.wheel),
      "/npm/errand-probe": Array(Self.packument(port: server.port).utf8),
      "/files/errand-probe-1.0.0.tgz": try await Self.made(Self.tarball),
    ]
    files.withLock { $0 = made }
  }

  var settings: PackageSettings {
    PackageSettings(
      pipIndex: WebAddress("http://\(Self.host):\(port)/simple/"),
      npmRegistry: WebAddress("http://\(Self.host):\(port)/npm/"))
  }

  private static func made(_ program: String) async throws -> [UInt8] {
    let output = try await Command(["/usr/bin/python3", "-c", program], limit: .seconds(60)).run()
    try #require(output.exit == .code(0), "\(output.errorText)")
    return output.stdout.bytes
  }

  private static let wheel = """
    import io, sys, zipfile
    data, info = io.BytesIO(), "errand_probe-1.0.dist-info/"
    with zipfile.ZipFile(data, "w") as wheel:
        wheel.writestr("errand_probe.py", "def main(): print('probed by pip')\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: errand-probe\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\npip-probe = errand_probe:main\\n")
        names = wheel.namelist() + [info + "RECORD"]
        wheel.writestr(info + "RECORD", "".join(name + ",,\\n" for name in names))
    sys.stdout.buffer.write(data.getvalue())
    """

  private static let tarball = """
    import io, sys, tarfile
    data = io.BytesIO()
    files = {"package.json": '{"name": "errand-probe", "version": "1.0.0", "bin": {"npm-probe": "cli.js"}}',
             "index.js": 'module.exports = "probed by npm";',
             "cli.js": '#!/usr/bin/env node\\nconsole.log(require("./index.js"))\\n'}
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    sys.stdout.buffer.write(data.getvalue())
    """

  private static func packument(port: UInt16) -> String {
    """
    {"name": "errand-probe", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {
      "name": "errand-probe", "version": "1.0.0", "bin": {"npm-probe": "cli.js"},
      "dist": {"tarball": "http://\(host):\(port)/files/errand-probe-1.0.0.tgz"}}}}
    """
  }
}
