#!/usr/bin/env bash
# Makes a workbook of a table, with nothing but bash, coreutils and gzip: xlsx.sh table.csv table.xlsx
#
# A workbook (ECMA-376) is a zip of a few XML files, and gzip compresses and checks as zip does.
set -euo pipefail
export LC_ALL=C

if (( $# != 2 )); then
  echo "Usage: xlsx.sh table.csv table.xlsx" >&2
  exit 2
fi
table="$1" workbook="$2"
parts="$(mktemp -d)"
trap 'rm -rf -- "$parts"' EXIT

# Cuts a line of a CSV file (RFC 4180, no line breaks in fields) into the array `fields`.
cut_line() {
  local rest="$1" field
  fields=()
  while :; do
    field=""
    if [[ "$rest" == \"* ]]; then
      rest="${rest:1}"
      while [[ "$rest" == *\"* ]]; do
        field+="${rest%%\"*}"
        rest="${rest#*\"}"
        [[ "$rest" == \"* ]] || break
        field+=\" rest="${rest:1}"
      done
      rest="${rest#"${rest%%,*}"}"
    else
      field="${rest%%,*}"
      rest="${rest#"$field"}"
    fi
    fields+=("$field")
    [[ -n "$rest" ]] || break
    rest="${rest:1}"
  done
}

# The letters of a column, from 0: A … Z, AA …
column() {
  local number="$1" letters=ABCDEFGHIJKLMNOPQRSTUVWXYZ
  place=""
  while :; do
    place="${letters:number % 26:1}$place"
    number=$(( number / 26 - 1 ))
    (( number >= 0 )) || break
  done
}

sheet() {
  local line row=0 place text style
  echo '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
  echo '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
  while IFS= read -r line || [[ -n "$line" ]]; do
    line="${line%$'\r'}"
    row=$(( row + 1 )) style=""
    if (( row == 1 )); then style=' s="1"'; fi
    cut_line "$line"
    printf '<row r="%d">' "$row"
    for index in "${!fields[@]}"; do
      column "$index"
      text="${fields[index]}"
      # Numbers as numbers, so that the sheet can add them up; “007” and phone numbers stay as they are.
      if [[ "$text" =~ ^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?$ ]]; then
        printf '<c r="%s%d"%s><v>%s</v></c>' "$place" "$row" "$style" "$text"
      else
        text="${text//[[:cntrl:]]/ }"
        # Quoted: an & in a replacement can mean what was found.
        text="${text//&/"&amp;"}"
        text="${text//</"&lt;"}"
        text="${text//>/"&gt;"}"
        printf '<c r="%s%d"%s t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>' \
          "$place" "$row" "$style" "$text"
      fi
    done
    echo '</row>'
  done <"$table"
  echo '</sheetData></worksheet>'
}

main=http://schemas.openxmlformats.org/spreadsheetml/2006/main
office=http://schemas.openxmlformats.org/officeDocument/2006/relationships
package=http://schemas.openxmlformats.org/package/2006
type=application/vnd.openxmlformats-officedocument.spreadsheetml
xml='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

sheet >"$parts/sheet"
cat >"$parts/types" <<XML
$xml
<Types xmlns="$package/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="$type.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="$type.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="$type.styles+xml"/>
</Types>
XML
cat >"$parts/root" <<XML
$xml
<Relationships xmlns="$package/relationships">
<Relationship Id="rId1" Type="$office/officeDocument" Target="xl/workbook.xml"/>
</Relationships>
XML
cat >"$parts/workbook" <<XML
$xml
<workbook xmlns="$main" xmlns:r="$office"><sheets><sheet name="Table" sheetId="1" r:id="rId1"/></sheets></workbook>
XML
cat >"$parts/relations" <<XML
$xml
<Relationships xmlns="$package/relationships">
<Relationship Id="rId1" Type="$office/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="$office/styles" Target="styles.xml"/>
</Relationships>
XML
cat >"$parts/styles" <<XML
$xml
<styleSheet xmlns="$main">
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs>
</styleSheet>
XML

# Prints a number as so many bytes, the lowest first.
bytes() {
  local count="$1" number="$2" escapes=""
  while (( count-- > 0 )); do
    printf -v escapes '%s\\x%02x' "$escapes" "$(( number & 255 ))"
    number=$(( number >> 8 ))
  done
  printf "$escapes"
}

# What the local and the central header of an entry have in common (APPNOTE.TXT, 4.3.7): version 2.0, names
# in UTF-8, deflated, 1 January 1980.
entry_head() {
  bytes 2 20; bytes 2 2048; bytes 2 8; bytes 2 0; bytes 2 33
  bytes 4 "$check"; bytes 4 "$packed"; bytes 4 "$size"; bytes 2 "${#name}"; bytes 2 0
}

: >"$parts/zip"
: >"$parts/directory"
count=0
while read -r part name; do
  gzip -nc "$parts/$part" >"$parts/packed"
  # A head of 10 bytes, the deflated data, the checksum and the size of 4 bytes each (RFC 1952).
  packed=$(( $(stat -c %s "$parts/packed") - 18 ))
  read -r check size < <(tail -c 8 "$parts/packed" | od -An -tu4)
  offset="$(stat -c %s "$parts/zip")"
  {
    printf 'PK\x03\x04'; entry_head; printf %s "$name"
    tail -c +11 "$parts/packed" | head -c "$packed"
  } >>"$parts/zip"
  {
    printf 'PK\x01\x02'; bytes 2 20; entry_head
    bytes 2 0; bytes 2 0; bytes 2 0; bytes 4 0; bytes 4 "$offset"; printf %s "$name"
  } >>"$parts/directory"
  count=$(( count + 1 ))
done <<'ENTRIES'
types [Content_Types].xml
root _rels/.rels
workbook xl/workbook.xml
relations xl/_rels/workbook.xml.rels
sheet xl/worksheets/sheet1.xml
styles xl/styles.xml
ENTRIES

{
  cat "$parts/zip" "$parts/directory"
  printf 'PK\x05\x06'; bytes 2 0; bytes 2 0; bytes 2 "$count"; bytes 2 "$count"
  bytes 4 "$(stat -c %s "$parts/directory")"; bytes 4 "$(stat -c %s "$parts/zip")"; bytes 2 0
} >"$workbook"
