timetable="$(mktemp)"
printf '1400\tSkerry\n1455\tHarbour\n' >"$timetable"
expect "a board" $'23:20  Skerry\n00:15  Harbour' "$(bin/board "$timetable")"
rm -f -- "$timetable"
