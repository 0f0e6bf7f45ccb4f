# The index made anew, and put in front.
make_file clip clip.h4mk
cp clip.h4mk old.h4mk
t h4mk index clip.h4mk
cmp clip.h4mk old.h4mk && echo "untouched"

echo "# a file whose end was cut gets the same end again"
head -c 69600 old.h4mk >clip.h4mk
t h4mk index clip.h4mk
cmp clip.h4mk old.h4mk && echo "as it was"

echo "# a recording that was cut"
head -c 50000 old.h4mk >clip.h4mk
t h4mk index clip.h4mk
cmp clip.h4mk <(head -c 50000 old.h4mk) && echo "untouched"
t h4mk index --force --json clip.h4mk
t h4mk verify clip.h4mk

echo "# of many pages"
make_file long long.h4mk 1
cp long.h4mk cut.h4mk
truncate -s -1500 cut.h4mk
t h4mk index cut.h4mk
cmp cut.h4mk long.h4mk && echo "as it was"
head -c 3000000 long.h4mk >cut.h4mk
t h4mk index --force cut.h4mk
t h4mk verify cut.h4mk | tail -1

echo "# an edited file, and one whose edit was interrupted"
cp old.h4mk clip.h4mk
h4mk edit clip.h4mk --tag title=New >/dev/null
t h4mk index clip.h4mk
truncate -s -20 clip.h4mk
t h4mk index clip.h4mk
t h4mk verify clip.h4mk | tail -1
h4mk inspect clip.h4mk | grep title

echo "# damage between clusters is not for this command"
cp old.h4mk clip.h4mk
poke clip.h4mk $(($(h4mk list --chunks clip.h4mk | awk '$2 == "CORE" {print $1}' | sed -n 2p) + 16)) ff
t h4mk index clip.h4mk

echo "# in front"
cp old.h4mk clip.h4mk
t h4mk index --front clip.h4mk -o front.h4mk
t h4mk verify front.h4mk
h4mk list --chunks front.h4mk | head -5
t h4mk index --front front.h4mk
cp front.h4mk twice.h4mk
t h4mk index --front twice.h4mk
cmp front.h4mk twice.h4mk && echo "twice is the same as once"
cmp <(h4mk list -t 1 --json clip.h4mk | sed '/"file"/d; s/,"offset.*//') <(h4mk list -t 1 --json front.h4mk | sed '/"file"/d; s/,"offset.*//') && echo "the same blocks"
t h4mk index -y --front long.h4mk -o front.h4mk
t h4mk verify front.h4mk | tail -1
head -c 50000 old.h4mk >half.h4mk
t h4mk index --front half.h4mk
t h4mk index -o x clip.h4mk
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk index v1.h4mk
echo "# several files, and folders"
make_file clip clip.h4mk
mkdir folder && cp clip.h4mk folder/whole.h4mk && head -c 30000 clip.h4mk >folder/half.h4mk
t h4mk index -r folder clip.h4mk
t h4mk index -r folder --json
t h4mk index --front -o out.h4mk clip.h4mk folder/whole.h4mk
