# Tags, names and chapters change in place; no block moves.
make_file clip clip.h4mk
cp clip.h4mk old.h4mk
t h4mk edit clip.h4mk --tag title="Another title" --tag artist=Somebody --remove-tag comment
t h4mk inspect clip.h4mk
t h4mk verify clip.h4mk
cmp -n 69739 clip.h4mk old.h4mk && echo "what was there is as it was"

t h4mk edit clip.h4mk --track-name 2=Sound --track-tag 2:language=ger
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
