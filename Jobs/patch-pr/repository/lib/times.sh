# Times as boards show them.

# The time of day, of minutes since the midnight that the timetable's day began with: clock 75 prints 01:15.
clock() {
  printf '%02d:%02d' "$(( $1 / 60 ))" "$(( $1 % 60 ))"
}

# How long until a departure, both in minutes since midnight: wait_time 60 75 prints "15 min".
wait_time() {
  local left=$(( $2 - $1 ))
  if (( left <= 0 )); then
    printf 'now'
  else
    printf '%d min' "$left"
  fi
}
