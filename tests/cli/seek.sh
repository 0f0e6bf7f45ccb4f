# Where a player lands, which blocks it decodes, which seek points there are; single blocks.
make_file clip clip.h4mk
t h4mk seek clip.h4mk -t 1 --t_ms 1000
t h4mk seek clip.h4mk -t 1 --time 0:00:01.000 --forward
t h4mk seek clip.h4mk -t 1 --t 1 --any
t h4mk seek clip.h4mk -t 1 --time_ms -5000
t h4mk seek clip.h4mk -t 1 --t_ms 99000 --forward
t h4mk seek clip.h4mk -t 2 --pts_us 1000000
t h4mk seek --json clip.h4mk -t 1 --t_ms 1000
t h4mk seek clip.h4mk -t 1
t h4mk seek clip.h4mk --t_ms 1
t h4mk seek clip.h4mk -t x --t_ms 1
t h4mk seek clip.h4mk -t 1 --t soon

echo "# a number alone is for the transport dialect, from a pipe as well"
t h4mk seek clip.h4mk 1000
cp "$CASES"/../vectors/transport/export.h4mk transport.h4mk
t h4mk seek transport.h4mk 90000
cat transport.h4mk | t h4mk seek - 90000

t h4mk chain clip.h4mk -t 1 --t_ms 250
t h4mk chain clip.h4mk -t 1 --time_ms 0
t h4mk chain clip.h4mk -t 2 --t 1
t h4mk chain --json clip.h4mk -t 1 --t_ms 120
t h4mk chain clip.h4mk -t 1

t h4mk range clip.h4mk -t 1 --from_ms 500 --to_ms 1600
t h4mk range clip.h4mk -t 1
t h4mk range clip.h4mk -t 1 --from 10
t h4mk range --json clip.h4mk -t 1 --to_ms 700

t h4mk block clip.h4mk -t 1 --index 3
cksum <block.bin
h4mk block clip.h4mk -t 1 --index 3 -o - 2>/dev/null | cksum
t h4mk block clip.h4mk -t 1 --index -1 -o last
t h4mk block clip.h4mk -t 1 --index 60
t h4mk block --json clip.h4mk -t 1 --index 60
t h4mk block clip.h4mk --index 0
t h4mk block -y clip.h4mk -t 1 --index 0 --raw
t h4mk manifest clip.h4mk
h4mk block clip.h4mk -t 1 --index 3 -o - >/dev/null 2>/dev/full; echo "nobody reads what is said: $?"
# the index of a cluster is damaged
cp clip.h4mk bad.h4mk
poke bad.h4mk 41500 ffffffff
t h4mk block bad.h4mk -t 1 --index 40
t h4mk block --json bad.h4mk -t 1 --index 40

# A half-downloaded file answers as far as it goes, and is never a 0.
head -c 30000 clip.h4mk >half.h4mk
for command in "seek --t_ms 0" "chain --t_ms 100" "range" "block -y --index 0"; do t h4mk $command -t 1 half.h4mk; done
t h4mk manifest half.h4mk | tail -10
