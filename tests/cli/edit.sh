# Tags, names and chapters change in place; no block moves.
make_file clip clip.h4mk
cp clip.h4mk old.h4mk
t h4mk edit clip.h4mk --tag title="Another title" --tag artist=Somebody --remove-tag comment
t h4mk inspect clip.h4mk
t h4mk verify clip.h4mk
cmp -n 69739 clip.h4mk old.h4mk && echo "what was there is as it was"

t h4mk edit clip.h4mk --track-name 2=Sound --track-tag 2:language=ger
t h4mk edit clip.h4mk --track-tag 2:disposition=forced
t h4mk edit clip.h4mk --clear-chapters --chapter 0=Begin --chapter 0:00:01.5=Middle
t h4mk inspect clip.h4mk
t h4mk edit --json clip.h4mk --tag x=y
t h4mk verify clip.h4mk | tail -1

echo "# the same once more is no change"
t h4mk edit clip.h4mk --tag x=y

echo "# and back, step by step"
t h4mk edit clip.h4mk --undo
t h4mk edit clip.h4mk --undo
t h4mk edit clip.h4mk --undo
t h4mk edit clip.h4mk --undo
cmp clip.h4mk old.h4mk && echo "the file as it was"
t h4mk edit clip.h4mk --undo

echo "# all of it by JSON"
echo '{"tags":{"title":"from JSON"}}' | t h4mk edit clip.h4mk --meta -
t h4mk inspect clip.h4mk | tail -2
echo '[1]' | t h4mk edit clip.h4mk --meta -
echo '{' | t h4mk edit clip.h4mk --meta -

echo "# names cannot play with the terminal"
h4mk edit clip.h4mk --tag "title=$(printf 'A\033[2J\302\233')" >/dev/null
h4mk inspect clip.h4mk | tail -1

h4mk edit clip.h4mk --tag "title=$(printf 'abc\342\200\256def\342\201\246\177')" >/dev/null
h4mk inspect clip.h4mk | tail -1
h4mk inspect --json clip.h4mk | grep title
echo "# … and the JSON means what was written"
h4mk inspect --json clip.h4mk | python3 -c 'import json, sys; print(ascii(json.load(sys.stdin)["meta"]["tags"]["title"]))'

echo "# wrong usage, files that cannot be edited"
t h4mk edit clip.h4mk --tag title
t h4mk edit clip.h4mk --chapter soon=Title
t h4mk edit clip.h4mk --track-name 9=x
head -c 50000 old.h4mk >half.h4mk
t h4mk edit half.h4mk --tag a=b
cp "$CASES/../vectors/media/reference_demo.h4mk" v1.h4mk
t h4mk edit v1.h4mk --tag a=b
t h4mk edit . --tag a=b
t h4mk edit no_such_file --tag a=b
chmod 444 old.h4mk
[ "$(id -u)" = 0 ] || ! h4mk edit old.h4mk --tag a=b 2>/dev/null || echo "changed a file without permission"

echo "# interrupted anywhere: the old or the new, nothing else"
chmod 644 old.h4mk
cp old.h4mk new.h4mk
h4mk edit new.h4mk --tag title=New --track-name 1=New >/dev/null
python3 - <<'END'
import json, subprocess
old, new = open("old.h4mk", "rb").read(), open("new.h4mk", "rb").read()
def state(content):
    open("cut.h4mk", "wb").write(content)
    answer = json.loads(subprocess.run(["h4mk", "inspect", "--json", "cut.h4mk"], stdout=subprocess.PIPE).stdout)
    tracks = answer.get("tracks", [{}])
    return answer.get("meta", {}).get("tags", {}).get("title"), tracks[0].get("description", {}).get("name"), tracks[0].get("blocks")
before, after = state(old), state(new)
print(before, after)
start = len(old) - 4
for length in range(start, len(new)):
    got = state(new[:length])
    if got != before and not (length > len(new) - 60 and got == after):
        print("cut at", length, got)
END

echo "# dispositions: instead of what there was, or some of them"
make_file rich rich.h4mk
t h4mk edit rich.h4mk --disposition 3=default --disposition 4=+comment,-forced --disposition 1=
h4mk inspect rich.h4mk | grep -E "^track [134]"
t h4mk edit rich.h4mk --disposition 3=defualt
t h4mk edit rich.h4mk --disposition 9=default

t h4mk edit rich.h4mk --disposition 4=none
h4mk inspect rich.h4mk | grep -E "^track 4"

echo "# chapters stand in the order of their times"
cp clip.h4mk order.h4mk
t h4mk edit order.h4mk --clear-chapters --chapter 0:05=Five --chapter 0=Zero --chapter 3=Three --chapter 3="Three too"
h4mk inspect order.h4mk | sed -n '/chapters/,$p'

echo "# more than a file can hold is refused, and the file stays"
cp order.h4mk before.h4mk
python3 -c 'print("".join(f"CHAPTER{i:05}={i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}.000\nCHAPTER{i:05}NAME=c{i}\n" for i in range(20000)), end="")' >many.txt
t h4mk edit order.h4mk --chapters many.txt
python3 -c 'import json; print(json.dumps({"tags": {f"k{i}": "v" for i in range(5000)}}))' >many.json
t h4mk edit order.h4mk --meta many.json
for i in $(seq 4096); do printf '%s\0%s\0' --track-tag 1:k$i=v; done | xargs -0 h4mk edit order.h4mk
xargs -0 h4mk edit order.h4mk < <(for i in $(seq 4097); do printf '%s\0%s\0' --track-tag 1:k$i=v; done) 2>&1
h4mk edit order.h4mk --undo >/dev/null
cmp order.h4mk before.h4mk && echo "as it was"

echo "# --undo goes alone; what is no tag"
t h4mk edit order.h4mk --undo --tag a=b
t h4mk edit order.h4mk --undo --clear-chapters
t h4mk edit order.h4mk --tag =x
cmp order.h4mk before.h4mk && echo "as it was"

echo "# chapters as others write them"
cp clip.h4mk marked.h4mk
cat >chapters.ffmeta <<'END'
;FFMETADATA1
title=Not of a chapter
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=One \= two\; \#3 \\
[CHAPTER]
TIMEBASE=1/25
START=50
title=Second\
line
END
t h4mk edit marked.h4mk --chapters chapters.ffmeta
h4mk inspect marked.h4mk | sed -n '/chapters/,$p'
printf '\357\273\277CHAPTER02=00:00:01.500\r\nCHAPTER02NAME=Zwei\r\nCHAPTER01=00:00:00.000\r\nCHAPTER01NAME=Eins\r\n' >chapters.txt
t h4mk edit marked.h4mk --chapters chapters.txt
h4mk inspect marked.h4mk | sed -n '/chapters/,$p'
cat >chapters.xml <<'END'
<?xml version="1.0"?>
<Chapters><EditionEntry><ChapterAtom><ChapterTimeStart>00:00:00.250000001</ChapterTimeStart><ChapterTimeEnd>00:00:01.000</ChapterTimeEnd>
<ChapterDisplay><ChapterString>A &amp; B</ChapterString><ChapterLanguage>eng</ChapterLanguage></ChapterDisplay>
<ChapterAtom><ChapterTimeStart>00:00:00.5</ChapterTimeStart></ChapterAtom></ChapterAtom></EditionEntry></Chapters>
END
t h4mk edit marked.h4mk --chapters - <chapters.xml
h4mk inspect --json marked.h4mk | python3 -c 'import json, sys; print(json.load(sys.stdin)["meta"]["chapters"])'
for text in 'hello' ';FFMETADATA1
[CHAPTER]
START=x' 'CHAPTER01NAME=no time' '<Chapters><EditionEntry>' '<Chapters><EditionEntry><ChapterAtom/></EditionEntry></Chapters>'; do
  t h4mk edit marked.h4mk --chapters - <<<"$text"
done
# Entities that grow without bound are refused.
python3 - >bomb.xml <<'END'
print('<!DOCTYPE x [<!ENTITY a "%s">' % ("x" * 100))
for name, of in zip("bcdefghij", "abcdefghi"):
    print('<!ENTITY %s "%s">' % (name, ("&%s;" % of) * 10))
print(']><Chapters><EditionEntry><ChapterAtom><ChapterDisplay><ChapterString>&j;</ChapterString></ChapterDisplay></ChapterAtom></EditionEntry></Chapters>')
END
t h4mk edit marked.h4mk --chapters bomb.xml

echo "# attachments and a cover: the file is written anew, its blocks are as they were"
cp clip.h4mk more.h4mk
printf 'a licence' >licence.txt
printf '\211PNG\r\n\032\n not really' >front.png
t h4mk edit more.h4mk --attach licence.txt --cover front.png --tag title=More
t h4mk inspect more.h4mk
t h4mk verify more.h4mk
t h4mk extract more.h4mk --attachments -o taken
cmp licence.txt taken/licence.txt && cmp front.png taken/more.5.cover.png && echo "as they were put in"
cmp <(h4mk cat -t 1 more.h4mk) <(h4mk cat -t 1 clip.h4mk) && echo "the same pictures"
t h4mk edit more.h4mk --attach licence.txt
t h4mk edit more.h4mk --remove-attachment font.ttf --remove-attachment licence.txt --remove-cover
h4mk inspect more.h4mk | grep -c track
t h4mk edit more.h4mk --remove-attachment font.ttf
t h4mk edit more.h4mk --remove-cover
t h4mk edit more.h4mk --cover licence.txt
t h4mk edit more.h4mk --attach no_such_file
t h4mk edit more.h4mk --attach more.h4mk
ln -s more.h4mk link.h4mk
t h4mk edit link.h4mk --attach licence.txt
[ -L link.h4mk ] && h4mk inspect more.h4mk | grep licence
cp half.h4mk before.h4mk
t h4mk edit half.h4mk --attach licence.txt
cmp half.h4mk before.h4mk && echo "as it was"
: >empty
t h4mk edit empty --attach licence.txt
make_file secret secret.h4mk
t h4mk edit secret.h4mk --attach licence.txt
openssl genpkey -algorithm ed25519 -out sign.pem 2>/dev/null; chmod 600 sign.pem
h4mk sign clip.h4mk --key-file sign.pem -o signed.h4mk
t h4mk edit signed.h4mk --attach licence.txt
t h4mk edit signed.h4mk --attach licence.txt -y
t h4mk verify signed.h4mk

echo "# several files, and what standard input has for all of them"
mkdir folder && cp old.h4mk folder/a.h4mk && cp old.h4mk folder/b.h4mk
echo '{"tags":{"title":"Both"}}' | t h4mk edit -r folder --meta -
for name in a b; do h4mk inspect folder/$name.h4mk | grep title; done
t h4mk edit folder/a.h4mk no_such_file folder/b.h4mk --tag artist=X
t h4mk edit -r folder --undo --json
t h4mk edit - --tag a=b <clip.h4mk
t h4mk edit http://127.0.0.1:1/x.h4mk --tag a=b
