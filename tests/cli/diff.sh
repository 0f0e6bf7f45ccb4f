# What two files do not have in common.
make_file clip a.h4mk
cp a.h4mk b.h4mk
t h4mk diff a.h4mk b.h4mk
t h4mk diff --json a.h4mk b.h4mk

echo "# other clusters, the same blocks"
t h4mk index --front a.h4mk -o front.h4mk
t h4mk diff a.h4mk front.h4mk

echo "# descriptions"
t h4mk edit b.h4mk --tag title=Other --track-name 2=Sound --track-tag 2:language=ger
t h4mk diff a.h4mk b.h4mk
t h4mk diff --json a.h4mk b.h4mk
t h4mk diff --ignore-tags a.h4mk b.h4mk
t h4mk diff -q a.h4mk b.h4mk

echo "# another version has the same blocks"
t h4mk convert --to 1 a.h4mk v1.h4mk
t h4mk diff --ignore-tags a.h4mk v1.h4mk

echo "# blocks"
make_file pcm s.h4mk
t h4mk diff a.h4mk s.h4mk
cut=30000
head -c $cut a.h4mk > cut.h4mk
t h4mk diff a.h4mk cut.h4mk
# Behind the end of one file the other is not read on: damage there is not met.
cp a.h4mk late.h4mk
poke late.h4mk 60000 ffffff
h4mk verify late.h4mk >/dev/null 2>&1 || echo damaged
t h4mk diff late.h4mk cut.h4mk
t h4mk diff cut.h4mk late.h4mk

echo "# tracks that are interleaved otherwise, the same blocks; then one that is another, and one that has fewer"
make_file turn turn.h4mk
make_file behind behind.h4mk
t h4mk diff turn.h4mk behind.h4mk
make_file behind changed.h4mk 7
t h4mk diff turn.h4mk changed.h4mk
t h4mk diff changed.h4mk behind.h4mk
t h4mk diff changed.h4mk turn.h4mk
t h4mk cut --to 1 behind.h4mk -o less.h4mk
t h4mk diff --ignore-tags turn.h4mk less.h4mk

echo "# what cannot be read"
t h4mk diff a.h4mk none.h4mk
echo no > no.h4mk
t h4mk diff no.h4mk a.h4mk
cp a.h4mk bad.h4mk
poke bad.h4mk 15000 ffff
t h4mk diff a.h4mk bad.h4mk
t h4mk diff a.h4mk
t h4mk diff - a.h4mk <a.h4mk
