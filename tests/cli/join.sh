# Files of the same tracks, one behind the other: times go on.
make_file clip clip.h4mk
t h4mk join clip.h4mk clip.h4mk -o two.h4mk
t h4mk inspect two.h4mk
t h4mk verify two.h4mk
h4mk frames -t 1 two.h4mk | sed -n '59,63p'
cmp <(h4mk cat -t 1 two.h4mk) <(h4mk cat -t 1 clip.h4mk; h4mk cat -t 1 clip.h4mk) && echo "the same bytes"

echo "# what was cut in two comes together again"
h4mk cut clip.h4mk --to 1 --keep-times -o a.h4mk
h4mk cut clip.h4mk --from 1.04 -o b.h4mk
t h4mk join a.h4mk b.h4mk --json -o whole.h4mk
cmp <(h4mk cat -t 1 whole.h4mk) <(h4mk cat -t 1 clip.h4mk) && echo "the same pictures"

echo "# only files of the same tracks"
make_file pcm pcm.h4mk
make_file film film.h4mk
t h4mk join clip.h4mk pcm.h4mk -o none.h4mk
t h4mk join pcm.h4mk -o none.h4mk no_such_file
h4mk convert clip.h4mk - --to 1 >v1.h4mk 2>/dev/null
t h4mk join v1.h4mk clip.h4mk -o mixed.h4mk

echo "# a cover and an attachment once"
make_file rich rich.h4mk
t h4mk join rich.h4mk rich.h4mk -o riches.h4mk
h4mk inspect riches.h4mk | grep -A1 -e cover -e attach

echo "# nothing is overwritten, least of all an input; a pipe in and out"
t h4mk join clip.h4mk clip.h4mk -o two.h4mk
ln clip.h4mk link.h4mk
t h4mk join two.h4mk clip.h4mk -o link.h4mk -y
h4mk join - pcm.h4mk -o - <pcm.h4mk 2>/dev/null | h4mk verify -

echo "# files that are cut short, empty"
head -c 50000 clip.h4mk >half.h4mk
head -c 2000 clip.h4mk >head.h4mk
t h4mk join head.h4mk head.h4mk -o none.h4mk
t h4mk join half.h4mk clip.h4mk -o cut.h4mk
t h4mk verify cut.h4mk
: >empty
t h4mk join clip.h4mk empty -o none.h4mk
ls none.h4mk 2>/dev/null

echo "# what is encrypted stays encrypted"
make_file secret secret.h4mk
printf '01%062d' 0 >key; chmod 600 key
t h4mk join secret.h4mk secret.h4mk -o none.h4mk
t h4mk join secret.h4mk pcm.h4mk --key-file key -o none.h4mk
t h4mk join secret.h4mk secret.h4mk --key-file key -o hidden.h4mk
t h4mk verify --key-file key hidden.h4mk

echo "# chunks that mean nothing to this program stay behind"
cp "$CASES"/../vectors/media/only_note.h4mk note.h4mk
t h4mk join note.h4mk note.h4mk -o notes.h4mk
