# What a file holds, without its blocks.
make_file clip clip.h4mk
t h4mk inspect clip.h4mk
t h4mk inspect --json clip.h4mk
cat clip.h4mk | t h4mk inspect -
make_file pcm pcm.h4mk
t h4mk inspect pcm.h4mk

# What people ask of tracks first.
make_file rich rich.h4mk
t h4mk inspect rich.h4mk

# Times as far apart as numbers are.
make_file far far.h4mk
t h4mk inspect far.h4mk

# Several files, and folders of them.
mkdir -p folder/inner
cp pcm.h4mk folder/b.h4mk
cp pcm.h4mk folder/inner/a.h4mk
echo text >folder/notes.txt
t h4mk inspect folder/b.h4mk pcm.h4mk no_such_file
t h4mk inspect -r folder
t h4mk inspect --json -r folder | grep '"file"'
t h4mk inspect -q pcm.h4mk
t h4mk inspect folder
echo "# a page for each"
t h4mk inspect -r folder pcm.h4mk --html pages
find pages -type f | sort | xargs grep -c '</html>'
t h4mk inspect folder/b.h4mk --html pages/
t h4mk inspect pcm.h4mk folder/b.h4mk --html -
mkdir nothing
t h4mk inspect -r nothing

# A half-downloaded file says what it has, and that it is not whole.
head -c 30000 clip.h4mk >half.h4mk
t h4mk inspect half.h4mk
t h4mk inspect --json half.h4mk | grep -A 9 '"errors"'
head -c 200 clip.h4mk >front.h4mk
t h4mk inspect front.h4mk

# Ten hours: the blocks are not read.
make_file long long.h4mk 10
t h4mk inspect long.h4mk
python3 - <<'END'
import os, re, subprocess
# A build for coverage would read its counts of earlier runs too.
tool = subprocess.Popen(["h4mk", "inspect", "long.h4mk"], stdout=subprocess.DEVNULL,
                        env={**os.environ, "GCOV_PREFIX": os.getcwd()})
os.waitid(os.P_PID, tool.pid, os.WEXITED | os.WNOWAIT)
read = int(re.search(r"rchar: (\d+)", open(f"/proc/{tool.pid}/io").read())[1])
tool.wait()
size = os.path.getsize("long.h4mk")
print("read less than 2 % of the file:", read * 50 < size)
END
