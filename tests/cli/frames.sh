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
echo "# several files, and folders"
mkdir folder && cp clip.h4mk folder/b.h4mk && cp clip.h4mk folder/a.h4mk
h4mk frames -t 2 folder/b.h4mk clip.h4mk | grep -A2 h4mk:
h4mk frames -t 2 -r folder --json | grep '"file"'
h4mk frames -t 2 --csv -r folder | sed -n '1,3p;/b.h4mk/{p;q}'
cp clip.h4mk 'folder/c,"d.h4mk'
h4mk frames -t 2 --csv -r folder | tail -1
