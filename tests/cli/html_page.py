#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `h4mk inspect --html` needs nothing else, and has what the file has: html_page.py TOOL MAKE_FILE"""
import base64, html.parser, json, os, re, resource, shutil, subprocess, sys, tempfile

tool, make_file = map(os.path.abspath, sys.argv[1:3])


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.references, self.data, self.in_data = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.references += [value for key, value in attributes.items() if key in ("src", "href")]
        self.in_data = attributes.get("id") == "data"

    def handle_endtag(self, tag):
        self.in_data = False

    def handle_data(self, text):
        if self.in_data:
            self.data += text


def page_of(name):
    text = subprocess.run([tool, "inspect", "--html", "-", name], stdout=subprocess.PIPE, check=True).stdout.decode()
    with open("page.html", "w") as file:
        file.write(text)
    page = Page(text)
    assert not page.references and not re.search(r"https?://|@import|url\(", text), "the page refers to something else"
    return json.loads(page.data)


def blocks_of(track):
    """What the page unpacks: (flags, time in ticks, duration, ordinal, size, offset) of each block, in file order."""
    data, place = base64.b64decode(track["packed"]), 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed():
        value = number()
        return -(value + 1) // 2 if value % 2 else value // 2

    blocks, time, duration, ordinal, end = [], 0, 0, -1, 0
    while place < len(data):
        flags = number()
        time += signed()
        duration = duration if flags & 8 else number()
        ordinal += signed() if flags & 16 else 1
        size = number()
        offset = end + signed()
        end = offset + size
        blocks.append((flags, time, duration, ordinal, size, offset))
    assert len(blocks) == track["listed"]
    return blocks


# Just enough of a browser for the script of the page.
BROWSER = """
const nothing = () => {}, element = () => ({ style: {}, classList: { add: nothing }, append: nothing, addEventListener: nothing, clientWidth: 1200,
  clientHeight: 600, offsetWidth: 100, rows: [], insertRow: element, getContext: () => new Proxy({}, { get: (_, name) =>
    name === "measureText" ? text => ({ width: 7 * text.length }) : name === "canvas" ? {} : nothing, set: () => true }) });
const elements = {};
global.document = { getElementById: id => elements[id] ||= Object.assign(element(), id === "data" ? { textContent: DATA } : {}),
  createElement: element, documentElement: {}, title: "" };
global.getComputedStyle = () => ({ getPropertyValue: () => "#000" });
global.devicePixelRatio = 1; global.addEventListener = nothing; global.matchMedia = () => ({ addEventListener: nothing });
global.location = { hash: "" }; global.requestAnimationFrame = f => f();
"""


def run_script(name):
    """Runs the script of a page with node, where there is one. It must end, and not fail."""
    node = shutil.which("node")
    if not node:
        return
    page = open(name).read()
    script = re.search(r"<script>\n(.*?)</script>", page, re.S)[1]
    with open("page.js", "w") as file:
        file.write(BROWSER.replace("DATA", json.dumps(Page(page).data)) + script + "\nfor (let i = 0; i < 60; i++) zoom(0.5); for (let i = 0; i < 60; i++) zoom(2);\n")
    subprocess.run([node, "--max-old-space-size=500", "page.js"], check=True, timeout=60)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([make_file, "clip", "clip.h4mk"], check=True)
    # A title that would end the script if it were put in as it is.
    subprocess.run([tool, "edit", "clip.h4mk", "--tag", "title=</script><b>"], check=True, stdout=subprocess.DEVNULL)
    data = page_of("clip.h4mk")
    video = data["tracks"][0]
    assert dict(data["meta"])["title"] == "</script><b>"
    blocks = blocks_of(video)
    assert video["blocks"] == 60 == len(blocks)
    assert sum(video["bins"]) == video["bytes"] == sum(block[4] for block in blocks)
    listed = json.loads(subprocess.check_output([tool, "list", "-t", "1", "--json", "clip.h4mk"]))["blocks"]
    assert [(b["pts"], b["duration"], b["ordinal"], b["size"], b["offset"], b["key"], b["type"]) for b in listed] == \
           [(*b[1:], bool(b[0] & 4), "IPB?"[b[0] & 3]) for b in blocks]
    # The map has every byte of the file once.
    assert [region[0] for region in data["map"]][:4] == ["H4MK", "TRAK", "META", "ATTA"], data["map"]
    ends = [region[1] + region[2] for region in data["map"]]
    assert [region[1] for region in data["map"]] == [0, *ends[:-1]] and ends[-1] == os.path.getsize("clip.h4mk"), data["map"]
    assert len(video["gops"]) == 5 and video["gops"][0] == 80 and set(video["gops"][1:]) == {480}
    assert [chapter["title"] for chapter in data["chapters"]] == ["One", "Two"]
    assert data["problems"] == []

    subprocess.run([make_file, "long", "long.h4mk", "1"], check=True)
    data = page_of("long.h4mk")
    assert len(blocks_of(data["tracks"][0])) == 90000, "frames of an hour are not all in the page"
    assert os.path.getsize("page.html") < 5_000_000, os.path.getsize("page.html")
    assert sum(data["tracks"][0]["bins"]) == data["tracks"][0]["bytes"]

    # Damage within a block, which no index tells.
    with open("clip.h4mk", "r+b") as file:
        file.seek(listed[30]["offset"] + 5)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    for options, count in ([], 0), (["--verify"], 1):
        done = subprocess.run([tool, "inspect", "-y", "--html", "damaged.html", *options, "clip.h4mk"], stderr=subprocess.DEVNULL)
        problems = json.loads(Page(open("damaged.html").read()).data)["problems"]
        assert (done.returncode, len(problems)) == (2 * count, count), (options, done.returncode, problems)
        assert not count or problems[0]["offset"] <= listed[30]["offset"] + 5, problems

    with open("clip.h4mk", "r+b") as file:
        file.truncate(40000)
    done = subprocess.run([tool, "inspect", "--html", "half.html", "clip.h4mk"], stderr=subprocess.DEVNULL)
    assert done.returncode == 2
    problems = json.loads(Page(open("half.html").read()).data)["problems"]
    assert problems and problems[0]["message"], "the page does not say that the file was cut"

    # A cover is in the page.
    subprocess.run([make_file, "rich", "rich.h4mk"], check=True)
    with open("front.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n picture")
    subprocess.run([tool, "edit", "rich.h4mk", "--cover", "front.png"], check=True, stdout=subprocess.DEVNULL)
    cover = page_of("rich.h4mk")["cover"]
    assert cover == {"mime": "image/png", "data": base64.b64encode(open("front.png", "rb").read()).decode()}, cover

    # Pictures of the film come from ffmpeg, here one that hands out its arguments.
    with open("ffmpeg", "w") as file:
        file.write("#!/bin/sh\necho \"$@\"\n")
    os.chmod("ffmpeg", 0o755)
    subprocess.run([make_file, "film", "-film.h4mk"], check=True)
    text = subprocess.run([tool, "inspect", "--html", "-", "--thumbnails", "--ffmpeg", "./ffmpeg", "--", "-film.h4mk"], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    thumbnails = json.loads(Page(text).data)["thumbnails"]
    assert len(thumbnails) == 24 and "file:-film.h4mk" in base64.b64decode(thumbnails[0]["jpeg"]).decode(), thumbnails[:1]

    # Times that no clock shows: the script of the page comes to its end.
    subprocess.run([make_file, "far", "far.h4mk"], check=True)
    subprocess.run([tool, "inspect", "--html", "far.html", "far.h4mk"], check=True)
    run_script("far.html")
    subprocess.run([tool, "inspect", "--html", "long.html", "long.h4mk"], check=True)
    run_script("long.html")

    # An index that lies: where the attachment was are clusters, each of 40,000 blocks, which it does not know of.
    subprocess.run([make_file, "dense", "dense.h4mk"], check=True)
    chunks = json.loads(subprocess.check_output([tool, "list", "--chunks", "--json", "dense.h4mk"]))["chunks"]
    place = next(c for c in chunks if c["tag"] == "ATTA")
    cluster = next(c for c in chunks if c["tag"] == "CORE")
    size = cluster["length"] + 16
    with open("dense.h4mk", "r+b") as file:
        file.seek(cluster["offset"])
        bytes_of_cluster = file.read(size)
        file.seek(place["offset"])
        copies = (place["length"] + 16) // size
        file.write(copies * bytes_of_cluster)
    assert copies > 20
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run([tool, "inspect", "--html", "dense.html", "dense.h4mk"], stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    data = json.loads(Page(open("dense.html").read()).data)
    track = data["tracks"][0]
    assert track["blocks"] >= 40000 * copies, "blocks are counted by what the index says"
    assert "packed" not in track, "the page has as many blocks as there are"
    assert os.path.getsize("dense.html") < 2_000_000 and (after <= before or after < 200_000), (os.path.getsize("dense.html"), after)
print("ok")
