#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every document that a comment or another document names is there, and so is the section: `core.md, "Cluster"`."""
import os, pathlib, re, subprocess, sys

ROOT = pathlib.Path(os.environ["H4MK_SOURCE_DIR"])
SPEC = ROOT / "libh4mk/spec"
TEXTS = {".cc", ".h", ".c", ".py", ".sh", ".md", ".cmake", ".txt"}
# A name, then titles in quotes; both may go on in the next line of a comment.
REFERENCE = re.compile(r'([\w./-]+\.md)(?:`|\*\*|\))?((?:(?:,|\s|//|\*(?!/)|\band\b)+"[^"\n]{1,50}(?:\n[ /*]*[^"\n]{1,50})?")*)')
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


def files():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True).stdout.split("\n")
    found = [ROOT / name for name in listed if name] or ROOT.rglob("*")
    return [p for p in found if p.suffix in TEXTS and p.is_file() and not {"build", "dist", ".git"} & set(p.relative_to(ROOT).parts)]


def titles(document):
    """Headings, and terms in bold or italics."""
    text = document.read_text()
    found = re.findall(r"^#+ (.*)$", text, re.M) + re.findall(r"\*\*?([^*\n]+?)[.:]?\*\*?", text)
    return {title.replace("`", "").strip() for title in found}


def find(name, beside):
    """The document: beside the file that names it, in a folder above, or in the specification."""
    for folder in (beside, *beside.parents):
        if (folder / name).is_file():
            return folder / name
        if folder == ROOT:
            break
    for folder in (SPEC, SPEC.parent):
        if (folder / name).is_file():
            return folder / name
    return None


wrong, seen = [], 0
known = {}
for path in files():
    if path.parts[-2:] == ("base", pathlib.Path(__file__).name) or "corpus" in path.parts:
        continue
    text, where = path.read_text(errors="replace"), path.relative_to(ROOT)
    for name, quoted in REFERENCE.findall(text):
        name = name.lstrip("/")  # of a path that a variable begins
        document = find(name, path.parent)
        seen += 1
        if document is None:
            wrong.append(f"{where}: there is no {name}")
            continue
        if document not in known:
            known[document] = titles(document)
        for title in re.findall(r'"([^"]*)"', quoted):
            title = re.sub(r"\s*\n[ /*]*", " ", title).replace("`", "")
            if title not in known[document]:
                wrong.append(f'{where}: {name} has no "{title}"')
    if path.suffix == ".md":
        for target in LINK.findall(text):
            seen += 1
            if not (path.parent / target).exists():
                wrong.append(f"{where}: the link {target} leads nowhere")
print("\n".join(wrong) or f"{seen} references, all of them lead somewhere")
sys.exit(1 if wrong or seen == 0 else 0)
