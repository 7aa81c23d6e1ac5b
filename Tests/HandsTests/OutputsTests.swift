import Glibc
import Hands
import JSON
import Processes
import Sessions
import Testing

@Suite struct OutputsTests {
  @Test(arguments: Bench.kinds)
  func `deliverables come out as private copies`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash(
        "cd $ERRAND_OUTPUTS; mkdir -p a/b; echo one > a/b/1.txt; printf two > 2.txt; touch empty")
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["2.txt", "a/b/1.txt", "empty"])
      #expect(files.map(\.size) == [3, 4, 0])
      try await bench.bash("echo changed > $ERRAND_OUTPUTS/2.txt")
      #expect(try content(files[0]) == "two")
      await bench.hands.end()
      #expect(try content(files[1]) == "one\n")
      for file in files { #expect(unlink(file.copy) == 0) }
    }
  }

  @Test(arguments: Bench.kinds)
  func `links and special files are left out, and a note says so`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash(
        "cd $ERRAND_OUTPUTS; ln -s /etc/passwd passwd; ln -s / root; mkfifo fifo; echo ok > file; ln -s file file2"
      )
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["errand-left-out.txt", "file"])
      #expect(
        try content(files[0])
          == "Left out of the results:\nfifo: it is a link or a special file\nfile2: it is a link or a special file\n"
          + "passwd: it is a link or a special file\nroot: it is a link or a special file\n")
    }
  }

  @Test func `number and size are bounded`() async throws {
    var limits = SandboxLimits()
    limits.outputFiles = 3
    limits.outputFileSize = 10
    try await Bench.with(limits: limits) { bench async throws in
      try await bench.bash(
        "cd /mnt/session/outputs; echo 12345678901 > 0; for i in 1 2 3 4; do echo $i > $i; done")
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["1", "2", "3", "errand-left-out.txt"])
      #expect(
        try content(files[3])
          == "Left out of the results:\n0: it has more than 10 bytes\n4: there are more than 3 files\n")
    }
  }

  @Test func `all files together are bounded, whatever is smaller still comes`() async throws {
    var limits = SandboxLimits()
    limits.outputsSize = 10
    try await Bench.with(limits: limits) { bench async throws in
      try await bench.bash("cd /mnt/session/outputs; printf 123456 | tee 1 > 2; printf 1234 > 3")
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["1", "3", "errand-left-out.txt"])
      #expect(
        try content(files[2])
          == "Left out of the results:\n2: all files together would have more than 10 bytes\n")
    }
  }

  @Test func `the note leaves its name to the agent's file`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("cd /mnt/session/outputs; echo mine > errand-left-out.txt; ln -s x y")
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["2-errand-left-out.txt", "errand-left-out.txt"])
      #expect(
        try files.map { try content($0) } == [
          "Left out of the results:\ny: it is a link or a special file\n", "mine\n",
        ])
    }
  }

  @Test func `holes are not copied, and what is too large is not copied at all`() async throws {
    var limits = SandboxLimits()
    limits.outputFileSize = 400 << 20
    try await Bench.with(limits: limits) { bench async throws in
      try await bench.bash(
        "cd /mnt/session/outputs; truncate -s 300M holes; printf end >> holes; truncate -s 400M holes; truncate -s 401M more"
      )
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["errand-left-out.txt", "holes"])
      #expect(files[1].size == 400 << 20)
      var status = stat()
      #expect(stat(files[1].copy, &status) == 0)
      #expect(status.st_size == 400 << 20)
      #expect(status.st_blocks < 1000)
      #expect(try content(files[1], from: 300 << 20).hasPrefix("end\0"))
      for file in files { unlink(file.copy) }
    }
  }

  private func content(_ file: OutputFile, from start: Int = 0) throws -> String {
    let descriptor = try Descriptor.open(file.copy, O_RDONLY)
    lseek(descriptor.number, start, SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: 1000)
    let size = read(descriptor.number, &bytes, 1000)
    return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self)
  }
}
