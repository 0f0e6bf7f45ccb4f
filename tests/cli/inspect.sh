# What a file holds, without its blocks.
make_file clip clip.h4mk
t h4mk inspect clip.h4mk
t h4mk inspect --json clip.h4mk
cat clip.h4mk | t h4mk inspect -
make_file pcm pcm.h4mk
t h4mk inspect pcm.h4mk

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
