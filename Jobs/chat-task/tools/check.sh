#!/usr/bin/env bash
# Looks whether the three files of an answer, if it has any, are all there and well-formed: check.sh FOLDER
#
# Needs bash and coreutils; where python3 is, it looks closer.
set -euo pipefail
cd -- "$1"

fail() {
  echo "$1" >&2
  exit 1
}

# Not every request can be answered; whether this one could is for the grader.
if [[ ! -e table.csv && ! -e table.xlsx && ! -e chart.svg ]]; then
  echo "There are no files."
  exit 0
fi

for file in table.csv table.xlsx chart.svg; do
  [[ -s "$file" ]] || fail "$file is missing or empty."
done

if python3 -c '' 2>/dev/null; then
  exec python3 - <<'PYTHON'
import csv, sys, zipfile
import xml.etree.ElementTree as xml

try:
    with open("table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    if len(rows) < 2:
        sys.exit("table.csv needs a line of headings and at least one of values.")
    if len({len(row) for row in rows}) != 1:
        sys.exit("The lines of table.csv do not have the same number of fields.")
    with zipfile.ZipFile("table.xlsx") as book:
        if broken := book.testzip():
            sys.exit(f"table.xlsx is damaged at {broken}.")
        sheet = xml.fromstring(book.read("xl/worksheets/sheet1.xml"))
        for name in book.namelist():
            xml.fromstring(book.read(name))
    lines = sum(element.tag.endswith("}row") for element in sheet.iter())
    if lines != len(rows):
        sys.exit(f"table.xlsx has {lines} lines, table.csv {len(rows)}.")
    if not xml.parse("chart.svg").getroot().tag.endswith("svg"):
        sys.exit("chart.svg is no SVG.")
except (csv.Error, KeyError, UnicodeDecodeError, xml.ParseError, zipfile.BadZipFile) as error:
    sys.exit(f"A file is not well-formed: {error}")
PYTHON
fi

[[ "$(wc -l <table.csv)" -ge 2 ]] || fail "table.csv needs a line of headings and at least one of values."
[[ "$(od -An -tx1 -N4 table.xlsx)" == " 50 4b 03 04" ]] || fail "table.xlsx does not begin as a zip does."
[[ "$(tail -c 22 table.xlsx | od -An -tx1 -N4)" == " 50 4b 05 06" ]] || fail "table.xlsx does not end as a zip does."
grep -qa "xl/worksheets/sheet1.xml" table.xlsx || fail "table.xlsx has no sheet."
grep -q "<svg" chart.svg || fail "chart.svg is no SVG."
[[ "$(tail -c 8 chart.svg)" == *"</svg>"* ]] || fail "chart.svg does not end with </svg>."
