# A range of time as a file of its own: whole groups, no block changed.
make_file clip clip.h4mk
t h4mk cut clip.h4mk --from 0.7 --to 1.2 -o cut.h4mk
t h4mk inspect cut.h4mk
t h4mk verify cut.h4mk

echo "# the blocks are those of the film"
cmp <(h4mk cat -t 1 cut.h4mk) <(h4mk cat -t 1 clip.h4mk | tail -c +11501 | head -c 23000) && echo "the same bytes"

echo "# the times as they were, and from a point to the end, and all of it"
t h4mk cut clip.h4mk --from 1 --keep-times -o kept.h4mk
h4mk frames -t 1 kept.h4mk | sed -n 2p
t h4mk cut clip.h4mk -o all.h4mk
t h4mk diff clip.h4mk all.h4mk
t h4mk cut clip.h4mk --to_ms 500 --json -o start.h4mk

echo "# another track leads"
t h4mk cut -t 2 clip.h4mk --from 1 --to 1.1 -o sound.h4mk

echo "# what is not there"
t h4mk cut clip.h4mk --from 10 -o none.h4mk
t h4mk cut clip.h4mk --from 2 --to 1 -o none.h4mk
for time in 1:75 60:00:00:00 1:60:00 1.5:00 1: -- ; do t h4mk cut clip.h4mk --from=$time -o none.h4mk; done
t h4mk cut -t 9 clip.h4mk -o none.h4mk
t h4mk cut -t 3 clip.h4mk -o none.h4mk
ls none.h4mk 2>/dev/null

echo "# nothing is overwritten, least of all the input; a pipe in and out"
t h4mk cut clip.h4mk --from 1 -o cut.h4mk
ln clip.h4mk link.h4mk
t h4mk cut clip.h4mk --from 1 -o link.h4mk -y
t h4mk cut -y clip.h4mk --from 1 -o cut.h4mk
h4mk cut - --from 1 -o - <clip.h4mk 2>/dev/null | h4mk verify -

echo "# files that are cut short, empty, something else"
head -c 50000 clip.h4mk >half.h4mk
t h4mk cut half.h4mk --from 0.7 --to 1.2 -o part.h4mk
t h4mk cut half.h4mk --from 0.7 -o rest.h4mk
t h4mk verify rest.h4mk
head -c 2000 clip.h4mk >head.h4mk
t h4mk cut head.h4mk --from 1 -o none.h4mk
: >empty
t h4mk cut empty -o none.h4mk
t h4mk cut no_such_file -o none.h4mk

echo "# chunks that mean nothing to this program stay behind"
cp "$CASES"/../vectors/media/all_sidecars.h4mk sidecars.h4mk
t h4mk cut sidecars.h4mk -o blocks.h4mk

echo "# what is encrypted stays encrypted, by the same key"
make_file secret secret.h4mk
printf '01%062d' 0 >key; chmod 600 key
t h4mk cut secret.h4mk --from 1 -o none.h4mk
t h4mk cut secret.h4mk --from 1 --to 2 --key-file key -o hidden.h4mk
t h4mk inspect hidden.h4mk
t h4mk verify --key-file key hidden.h4mk
cmp <(h4mk cat --key-file key hidden.h4mk) <(h4mk cat --key-file key secret.h4mk | tail -c +16001 | head -c 16000) && echo "the same bytes"

echo "# a proof of every block goes with the cut of a signed file"
openssl genpkey -algorithm ed25519 -out sign.pem 2>/dev/null; openssl pkey -in sign.pem -pubout -out sign.pub
chmod 600 sign.pem
h4mk sign clip.h4mk --key-file sign.pem -o signed.h4mk
t h4mk cut signed.h4mk --from 1 --to 1.2 -o plain.h4mk
t h4mk cut signed.h4mk --from 1 --to 1.2 -o proved.h4mk --public-key sign.pub --proofs proofs
t h4mk verify proved.h4mk --public-key sign.pub --proofs proofs
t h4mk cut signed.h4mk --from 1 --proofs x -o none.h4mk
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out other.pub
h4mk verify proved.h4mk --public-key other.pub --proofs proofs 2>/dev/null | tail -1
head -n -1 proofs >fewer
t h4mk verify proved.h4mk --public-key sign.pub --proofs fewer
cat proofs proofs | t h4mk verify proved.h4mk --public-key sign.pub --proofs /dev/stdin
t h4mk verify plain.h4mk --public-key sign.pub --proofs proofs | tail -1

echo "# what was changed without the key is told, also where the cut ends before the file"
cp signed.h4mk edited.h4mk
h4mk edit -q edited.h4mk --tag title=forged
t h4mk cut edited.h4mk --from 1 --to 1.2 -o forged.h4mk --public-key sign.pub

echo "# several files, and folders of them, go to a folder"
mkdir -p films/more
cp clip.h4mk films/a.h4mk
cp clip.h4mk films/more/b.h4mk
t h4mk cut -r films --from 1 -o parts
t h4mk cut films/a.h4mk films/more/b.h4mk --to 1 -o films
t h4mk cut films/a.h4mk films/more/b.h4mk --to 1 -o few --json
t h4mk cut films/a.h4mk films/more/b.h4mk empty -o rest
ls rest
t h4mk cut films/a.h4mk films/more/b.h4mk -o -
t h4mk cut films/a.h4mk films/more/b.h4mk -o proved --public-key sign.pub --proofs all
