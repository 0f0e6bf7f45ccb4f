# How a file grows, until it has its end.
make_file clip clip.h4mk
t h4mk watch clip.h4mk
t h4mk watch --json clip.h4mk

echo "# a file that has no end yet, and gets it"
head -c 40000 clip.h4mk >grows.h4mk
(sleep 1; tail -c +40001 clip.h4mk >>grows.h4mk) &
h4mk watch --every 0.05 grows.h4mk | sed -n '1s/  [^ ]* [^ ]*b.s$//p; $p'
wait

echo "# a writer that has just begun: the file is empty, and grows"
: >begins.h4mk
(sleep 0.3; head -c 20 clip.h4mk >>begins.h4mk; sleep 0.3; tail -c +21 clip.h4mk >>begins.h4mk) &
h4mk watch --every 0.05 begins.h4mk | tail -1
wait

echo "# one that gets nothing any more"
head -c 40000 clip.h4mk >half.h4mk
h4mk watch --every 0.05 --patience 0.2 half.h4mk | tail -1
echo "= ${PIPESTATUS[0]}"

echo "# no file that grows"
t h4mk watch - <clip.h4mk
t h4mk watch no_such_file
: >empty
t h4mk watch --every 0.05 --patience 0.1 empty
head -c 20 clip.h4mk >begun.h4mk
t h4mk watch --every 0.05 --patience 0.1 begun.h4mk
for every in nan inf 0 -1; do t h4mk watch --every $every clip.h4mk; done
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk watch v1.h4mk

echo "# times that are farther apart than a number of them can say"
make_file far far.h4mk
t h4mk watch far.h4mk
