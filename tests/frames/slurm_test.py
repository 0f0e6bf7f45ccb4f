#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipe for Slurm in tools/python/examples/shards.py, as it stands there, on a cluster of one node that is started here: the same frames.

It is skipped where Slurm (Debian: slurm-wlm) is not there. Nothing installs that for a test, since its packages start servers."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import exact

EXAMPLE = pathlib.Path(os.environ["H4MK_SOURCE_DIR"], "tools/python/examples/shards.py")
SHARDS = 6
os.environ["PATH"] += ":/usr/sbin"
if os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch", "munged"))):
    print("no Slurm here, or not root")
    sys.exit(77)

CONFIGURATION = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


@contextlib.contextmanager
def cluster(folder):
    """Munge and Slurm's two daemons, with all that they write in a folder."""
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder, ports=free_ports(2)))
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    os.environ["SLURM_CONF"] = str(configuration)
    places = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
    with contextlib.ExitStack() as stack:
        for command in (["munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *places], ["slurmctld", "-D", "-c"], ["slurmd", "-D", "-c"]):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            time.sleep(1)
        for _ in range(60):
            if b"idle" in subprocess.run(["sinfo", "-h"], capture_output=True, check=False).stdout:
                break
            time.sleep(0.5)
        yield


def main(folder):
    film = folder / "film.h4mk"
    exact.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=12", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", film)
    # The example is called by its name. Its first line takes the first python3 in PATH, which must be the one that has NumPy.
    os.environ["PATH"] = f"{EXAMPLE.parent}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    recipe = "\n".join(re.findall(r"^    ((?:shards\.py|sbatch) .*)$", EXAMPLE.read_text().split("With Slurm")[1], re.M))
    assert "sbatch" in recipe
    recipe = recipe.replace("0:100000:50 64", f"0:300:2 {SHARDS}").replace("0-63", f"0-{SHARDS - 1}")
    print(recipe)
    with cluster(folder):
        done = subprocess.run(["bash", "-ec", recipe], cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    subprocess.run([EXAMPLE, "plan", film, "0:300:2", "1"], stdout=(folder / "one.json").open("w"), check=True)
    alone = subprocess.run([EXAMPLE, "run", film, folder / "one.json", "0"], capture_output=True, text=True, check=True).stdout
    assert found == [digest for _, digest in sorted(json.loads(alone))], "other frames"
    assert len(set(found)) == 150
    print(f"{len(found)} frames by {SHARDS} jobs of an array: the same as alone")


with tempfile.TemporaryDirectory() as temporary:
    main(pathlib.Path(temporary))
