#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `h4mk inspect --html` needs nothing else, and has what the file has: html_page.py TOOL MAKE_FILE"""
import html.parser, json, os, re, subprocess, sys, tempfile

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
    page = Page(text)
    assert not page.references and not re.search(r"https?://|@import|url\(", text), "the page refers to something else"
    return json.loads(page.data)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([make_file, "clip", "clip.h4mk"], check=True)
    # A title that would end the script if it were put in as it is.
    subprocess.run([tool, "edit", "clip.h4mk", "--tag", "title=</script><b>"], check=True, stdout=subprocess.DEVNULL)
    data = page_of("clip.h4mk")
    video = data["tracks"][0]
    assert dict(data["meta"])["title"] == "</script><b>"
    assert video["blocks"] == 60 == len(video["blocks_list"])
    assert sum(video["bins"]) == video["bytes"] == sum(block[2] for block in video["blocks_list"])
    assert len(video["gops"]) == 5 and video["gops"][0] == 80 and set(video["gops"][1:]) == {480}
    assert [chapter["title"] for chapter in data["chapters"]] == ["One", "Two"]
    assert data["problems"] == []

    subprocess.run([make_file, "long", "long.h4mk", "1"], check=True)
    data = page_of("long.h4mk")
    assert "blocks_list" not in data["tracks"][0], "a page of a long file would be too large"
    assert sum(data["tracks"][0]["bins"]) == data["tracks"][0]["bytes"]

    with open("clip.h4mk", "r+b") as file:
        file.truncate(40000)
    done = subprocess.run([tool, "inspect", "--html", "half.html", "clip.h4mk"], stderr=subprocess.DEVNULL)
    assert done.returncode == 2
    assert json.loads(Page(open("half.html").read()).data)["problems"], "the page does not say that the file was cut"
print("ok")
