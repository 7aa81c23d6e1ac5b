import JSON
import Processes
import Sessions

/// The walk behind `glob` and `grep`: a program that a process of the sandbox runs, so that no path and no
/// link leads anywhere the agent could not go. It is Perl, which Debian and most systems with git have, and
/// needs no modules.
///
/// It goes through a folder as ripgrep does: names that begin with a dot, links and special files are left out,
/// and what `.gitignore` (in a git repository), `.git/info/exclude`, `.ignore` and `.rgignore` name, those of
/// the folders above up to the workspace included. The sooner named takes less than the later: kind before
/// place, near before far, last line before first.
enum SearchProgram {
  static let missing: Int32 = 81
  static let notFolder: Int32 = 82
  static let badPattern: Int32 = 86

  /// Entries that are looked at, and seconds.
  static let entries = 200_000
  static let seconds = 45
  /// The program is ended then, if a pattern keeps it busy.
  static let limit = Duration.seconds(60)

  struct Found: Sendable {
    /// `total`, `cut` (whether the walk ended early) and what else the mode counts.
    var counts: [Int]
    var body: [UInt8]
    /// Whether the program had to be ended.
    var timedOut: Bool
  }

  /// - Parameters:
  ///   - mode: `glob` or `grep`.
  ///   - path: where to look, as the agent wrote it; empty is the workspace.
  ///   - pattern: a regular expression of Perl, for the paths or the lines.
  static func run(
    _ mode: String, at path: String, _ pattern: String, showsHidden: Bool = false, most: Int,
    hands: SandboxedHands
  ) async throws -> Found {
    let place = try await hands.place(path.isEmpty ? "/workspace" : path)
    let top = try await hands.place("/workspace")
    let output = try await hands.run(
      [
        "/usr/bin/perl", "-e", text, "--", mode, top, place, path, pattern, showsHidden ? "1" : "", "\(most)",
        "\(entries)", "\(seconds)",
      ], limit: limit
    ) { $0.outputLimit = 4 << 20 }
    let bytes = output.stdout.bytes
    switch output.exit {
    case .code(missing): throw ToolError.missing(path: path)
    case .code(notFolder): throw ToolError.input("\(path) is not a directory. Leave `path` out, or name one.")
    case .code(badPattern):
      let reason = RepairedText.of(output.stderr.bytes.prefix(500))
      throw ToolError.input("The pattern is no regular expression: \(reason)")
    case .code(0): break
    case .code(127):
      throw ToolError.failed(path: "search", detail: "perl is not installed; use bash with find and grep.")
    default:
      guard output.timedOut else {
        throw ToolError.failed(
          path: path.isEmpty ? "/workspace" : path,
          detail: "the search failed: "
            + RepairedText.of(output.stderr.bytes.prefix(300)))
      }
    }
    // The counts come last, after a line of their own.
    guard !output.timedOut, let line = bytes.lastIndex(of: 0x1E) else {
      return Found(counts: [], body: bytes, timedOut: output.timedOut)
    }
    let counts = String(decoding: bytes[(line + 1)...], as: UTF8.self).split(separator: " ").compactMap {
      Int($0)
    }
    return Found(counts: counts, body: Array(bytes[..<line]), timedOut: false)
  }

  static let text = #"""
    use strict;
    my ($mode, $top, $place, $shown, $pattern, $hidden, $most, $entries, $seconds) = @ARGV;
    my ($seen, $cut, $total, $big, $end) = (0, 0, 0, 0, time + $seconds);
    my $stat = eval { require Time::HiRes; \&Time::HiRes::stat } || sub { CORE::stat($_[0]) };
    $shown .= '/' if $shown ne '' && $shown !~ m{/\z};
    utf8::decode($pattern);
    my $re = eval { no warnings; qr/$pattern/ };
    unless (defined $re) {
      my $why = $@; $why =~ s/ at -e line .*//s; utf8::encode($why); print STDERR $why; exit 86;
    }

    # A line of an ignore file as [regular expression, whether it takes back, whether for folders only].
    sub rule {
      my ($line) = @_;
      $line =~ s/\r?\n?\z//;
      return if $line =~ /^#/;
      $line =~ s/(?<!\\)((?:\\\\)*)[ \t]+\z/$1/;
      return if $line eq '';
      my $back = $line =~ s/^!//;
      $line =~ s/^\\(?=[#!])//;
      my $folders = $line =~ s{/+\z}{};
      my $anchored = $line =~ m{/};
      $line =~ s{^/}{};
      my ($text, $out) = ($line, $anchored ? '' : '(?:.*/)?');
      while ($text ne '') {
        if ($text =~ s{^\*\*/}{}) { $out .= '(?:.*/)?' }
        elsif ($text =~ s{^/\*\*\z}{}) { $out .= '/.+' }
        elsif ($text =~ s{^/\*\*/}{}) { $out .= '/(?:.*/)?' }
        elsif ($text =~ s{^\*+}{}) { $out .= '[^/]*' }
        elsif ($text =~ s{^\?}{}) { $out .= '[^/]' }
        elsif ($text =~ s{^\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]}{}) {
          my ($not, $set) = ($1, $2); $set =~ s/([\[])(?!:)/\\$1/g;
          $out .= '(?!/)[' . ($not ? '^' : '') . $set . ']';
        }
        elsif ($text =~ s{^\\(.)}{}s || $text =~ s{^(.)}{}s) { $out .= quotemeta $1 }
        else { last }
      }
      my $compiled = eval { qr/\A$out\z/s };
      return $compiled ? [$compiled, $back, $folders] : ();
    }

    sub rules {
      my ($file) = @_;
      return () if -l $file || !-f _;
      open(my $in, '<', $file) or return ();
      my @rules;
      while (my $line = <$in>) { push @rules, rule($line); last if @rules >= 5000 }
      return reverse @rules;
    }

    # The rules in force in a folder: per kind a list of [folder, rules], the nearest first.
    sub enter {
      my ($dir, $known) = @_;
      my %now = %$known;
      if (-e "$dir/.git") {
        ($now{git}, $now{gitignore}) = (1, []);
        my @rules = rules("$dir/.git/info/exclude");
        $now{exclude} = @rules ? [[$dir, \@rules]] : [];
      }
      for my $kind ('rgignore', 'ignore', 'gitignore') {
        next if $kind eq 'gitignore' && !$now{git};
        my @rules = rules("$dir/.$kind");
        $now{$kind} = [[$dir, \@rules], @{ $now{$kind} || [] }] if @rules;
      }
      return \%now;
    }

    sub ignored {
      my ($path, $isFolder, $known) = @_;
      for my $kind ('rgignore', 'ignore', 'gitignore', 'exclude') {
        for my $level (@{ $known->{$kind} || [] }) {
          my $rest = substr $path, length($level->[0]) + 1;
          for my $rule (@{ $level->[1] }) {
            next if $rule->[2] && !$isFolder;
            return !$rule->[1] if $rest =~ $rule->[0];
          }
        }
      }
      return 0;
    }

    sub late { return $cut if $cut; $cut = 1 if $seen > $entries || (!($seen % 64) && time > $end); $cut }

    # Calls the visitor with each file's path below the start, sorted by name.
    sub walk {
      my ($dir, $below, $known, $depth, $visit) = @_;
      return if late() || $depth > 200;
      opendir(my $folder, $dir) or return;
      my @names;
      while (defined(my $name = readdir $folder)) {
        next if $name eq '.' || $name eq '..' || $name eq '.git' || ($name =~ /^\./ && !$hidden);
        $seen++;
        last if late();
        push @names, $name;
      }
      closedir $folder;
      for my $name (sort @names) {
        my $path = "$dir/$name";
        lstat $path or next;
        next if -l _;
        my ($isFolder, $isFile) = (-d _, -f _);
        next unless $isFolder || $isFile;
        next if ignored($path, $isFolder, $known);
        if ($isFolder) { walk($path, "$below$name/", enter($path, $known), $depth + 1, $visit) }
        else { $visit->($path, "$below$name") }
        return if $cut;
      }
    }

    sub search {
      my ($path, $name) = @_;
      open(my $in, '<:raw', $path) or return;
      if (-s $in > 268435456) { $big++; return }
      return unless defined read($in, my $start, 8192);
      return if $start =~ /\0/;
      seek $in, 0, 0;
      my $number = 0;
      while (my $line = <$in>) {
        $number++;
        return if $line =~ /\0/;
        $line =~ s/\n\z//;
        my $isText = utf8::decode($line);
        next unless $line =~ $re;
        my $more = length $line > 2000 ? ' [... ' . (length($line) - 2000) . ' more characters]' : '';
        $line = substr $line, 0, 2000 if $more;
        utf8::encode($line) if $isText;
        my $out = "$name:$number:$line$more\n";
        $most -= length $out;
        if ($most < 0) { $cut = 2; return }
        $total++;
        print $out;
        if (!($number % 4096) && time > $end) { $cut = 1; return }
      }
    }

    -e $place or exit 81;
    my $known = {};
    if ("$place/" =~ m{\A\Q$top\E/}) {
      my $dir = $top;
      $known = enter($dir, $known);
      for my $part (split m{/}, substr $place, length $top) {
        next if $part eq '' || $part eq '.';
        $dir .= "/$part";
        $known = enter($dir, $known) if -d $dir;
      }
    } elsif (-d $place) { $known = enter($place, $known) }
    $place =~ s{(?<=.)/+\z}{};

    if ($mode eq 'grep') {
      if (-d $place) { walk($place, '', $known, 0, sub { search($_[0], $shown . $_[1]) }) }
      else { $shown =~ s{/\z}{}; search($place, $shown) }
    } else {
      -d $place or exit 82;
      my @found;
      walk($place, '', $known, 0, sub {
        my ($path, $name) = @_;
        my $text = $name;
        utf8::decode($text);
        push @found, [($stat->($path))[9] || 0, $name] if $text =~ $re;
      });
      $total = @found;
      @found = sort { $b->[0] <=> $a->[0] || $a->[1] cmp $b->[1] } @found;
      splice @found, $most if @found > $most;
      print map { "$shown$_->[1]\0" } @found;
    }
    print "\x1e$total $cut $big";
    """#
}
