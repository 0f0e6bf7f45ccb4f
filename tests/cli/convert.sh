# Every version as every other; the way back gives the same bytes.
for file in "$CASES"/../vectors/media/*.h4mk; do
  h4mk convert -y "$file" v2.h4mk >log 2>&1 && h4mk convert -y --to 1 v2.h4mk back.h4mk >>log 2>&1
  cmp -s "$file" back.h4mk && echo "${file##*/}: the same" || { echo "${file##*/}: NOT the same"; cat log; }
  h4mk verify v2.h4mk >/dev/null 2>&1 || echo "  version 2 is not whole"
done
for file in "$CASES"/../vectors/transport/*.h4mk; do
  h4mk convert -y "$file" v2.h4mk >log 2>&1 && h4mk convert -y --to transport v2.h4mk back.h4mk >>log 2>&1
  cmp -s "$file" back.h4mk && echo "${file##*/}: the same" || { echo "${file##*/}: NOT the same"; cat log; }
done
make_file clip clip.h4mk
t h4mk convert --to 1 clip.h4mk v1.h4mk
t h4mk convert -y v1.h4mk back.h4mk
cmp <(h4mk list -t 1 --json clip.h4mk | sed '/"file"/d; s/,"offset.*//') <(h4mk list -t 1 --json back.h4mk | sed '/"file"/d; s/,"offset.*//') && echo "the same blocks"
head -c 30000 clip.h4mk >half.h4mk
t h4mk convert half.h4mk out.h4mk
t h4mk convert --to 3 clip.h4mk out.h4mk
