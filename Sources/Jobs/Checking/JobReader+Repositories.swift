import Git
import JSON
import Reading
import Sessions

// The repositories of a job's input.
extension JobReader {
  static let repositoryLimit = 10
  /// The deepest history that can be asked for; 0 is all of it.
  static let deepest = 1_000_000

  func repositories(_ input: Fields) -> [JobRepository] {
    var mounts: [String] = []
    return input.list("repositories", limit: JobReader.repositoryLimit).compactMap { value, path in
      guard let given = Fields(value, at: path, "a repository", JobShapes.repository, findings) else {
        return nil
      }
      let url = repositoryURL(given)
      let checkout = checkout(given)
      let mount = given.text("mount", length: 1...1024)
      if let mount, let problem = JobRepository.problem(ofMount: mount) {
        given.add("mount", "\(quoted(mount)) cannot be used: \(problem).")
      }
      let token = given.secret("token")
      if let token, let secrets = settings.secrets {
        do {
          for reference in try Setting(written: token).references { _ = try secrets.value(of: reference) }
        } catch {
          given.add("token", String(describing: error))
        }
      }
      let hosts =
        given["hosts"] == nil
        ? nil : given.texts("hosts", limit: 20, length: 1...255).map { $0.text.lowercased() }
      let depth = given.whole("depth", in: 0...JobReader.deepest)
      guard let url else { return nil }
      // The default is known only when the address is.
      let place = mount ?? (try? RepositoryURL(url)).map { "\(JobRepository.root)/\($0.name)" }
      if let place {
        if mounts.contains(where: { MountPath.collide($0, place) }) {
          given.add(
            "mount",
            "Another repository is at \(quoted(place)), above or below it. Give it another \"mount\".")
        }
        mounts.append(place)
      }
      return JobRepository(
        url: url, checkout: checkout, mount: mount, token: token, hosts: hosts,
        depth: depth ?? JobRepository.standardDepth)
    }
  }

  private func repositoryURL(_ given: Fields) -> String? {
    guard let url = given.text("url", required: true, length: 1...2048) else { return nil }
    if url.contains("{{") { return given.template("url", url) }
    do {
      _ = try RepositoryURL(url)
      return url
    } catch {
      given.add("url", error.description)
      return nil
    }
  }

  /// `checkout: main`, `checkout: {branch: main}` or `checkout: {commit: <40 digits>}`.
  private func checkout(_ given: Fields) -> JobRepository.Checkout? {
    guard let value = given["checkout"] else { return nil }
    if let branch = value.stringValue { return self.branch(given, "checkout", branch) }
    guard let fields = given.fields("checkout", "a checkout", JobShapes.checkout) else { return nil }
    switch (fields.text("branch", length: 1...1024), fields.text("commit", length: 1...1024)) {
    case (let branch?, nil): return self.branch(fields, "branch", branch)
    case (nil, let commit?):
      if commit.contains("{{") { return fields.template("commit", commit).map(JobRepository.Checkout.commit) }
      guard CommitID(commit) != nil else {
        fields.add("commit", JobRepositoryError.badCommit(commit).description)
        return nil
      }
      return .commit(commit)
    default:
      given.add("checkout", "A checkout has either \"branch\" or \"commit\".")
      return nil
    }
  }

  private func branch(_ given: Fields, _ key: String, _ name: String) -> JobRepository.Checkout? {
    if name.contains("{{") { return given.template(key, name).map(JobRepository.Checkout.branch) }
    do {
      _ = try BranchName(name)
      return .branch(name)
    } catch {
      given.add(key, error.description)
      return nil
    }
  }
}

extension Fields {
  /// A text that is a right template.
  func template(_ key: String, _ text: String) -> String? {
    do {
      _ = try Template(text)
      return text
    } catch {
      add(key, error.message)
      return nil
    }
  }

  /// A text with nothing but references, so that no secret stands in a file.
  func secret(_ key: String) -> String? {
    guard let text = text(key, length: 1...4096) else { return nil }
    do {
      if try Setting(written: text).references.isEmpty {
        add(
          key,
          "A token must not stand in a file. Put it into an environment variable of the server and write "
            + "${env:NAME} here, or into a file of the server's and write ${file:/path}.")
        return nil
      }
      return text
    } catch {
      add(key, error.description)
      return nil
    }
  }
}
