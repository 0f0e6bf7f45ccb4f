# The frame table: in the order of presentation, without what is not shown.
make_file clip clip.h4mk
t h4mk frames -t 1 clip.h4mk | head -16
t h4mk frames -t 2 clip.h4mk | tail -2
t h4mk frames -t 1 --json clip.h4mk | head -8
t h4mk frames clip.h4mk
make_file pcm pcm.h4mk
t h4mk frames pcm.h4mk | tail -2
head -c 30000 clip.h4mk >half.h4mk
t h4mk frames -t 1 half.h4mk | tail -4
echo "# for tables"
h4mk frames -t 1 --csv clip.h4mk | head -3
t h4mk frames -t 1 --csv --json clip.h4mk
