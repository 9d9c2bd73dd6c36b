#!/usr/bin/env python3
"""Holds the asyncio-to-cede page of README.md against what there is.

Each row's cede names must be declared in a public header of the library or an adapter, and the file that shows them must exist and use them; every name
that this machine's asyncio exports must have a row, or be named under "Not carried over".
usage: check_names.py PROJECT_FOLDER
"""
import asyncio
import pathlib
import re
import sys


def words(text):
    return set(re.findall(r"\w+", text))


def main(root):
    page = root / "examples" / "README.md"
    text = page.read_text(encoding="utf-8")
    text = text[text.index("## From asyncio to cede"):]
    carried, _, left_out = text.partition("### Not carried over")
    declared = set()
    headers = [header for folder in (root / "lib", *root.glob("adapters/*")) for header in folder.glob("include/**/*.hpp")]
    for header in headers:
        declared |= words(header.read_text(encoding="utf-8"))
    complaints = []
    asyncio_names = set()
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|$", carried, re.MULTILINE)
    for python, cede, shown_by in rows:
        asyncio_names |= words(python)
        names = [each for each in re.findall(r"[\w:]+", re.sub(r"<.*?>|\(.*|\{.*", "", cede)) if each not in ("of", "f")]
        parts = [part for name in names for part in name.split("::") if part and part not in ("std", "cede")]
        for part in parts:
            if part not in declared and not cede.startswith("std::"):
                complaints.append("%s: no public header declares '%s'" % (python, part))
        path = (page.parent / shown_by).resolve()
        if not path.is_file():
            complaints.append("%s: there is no %s" % (python, shown_by))
        elif not words(path.read_text(encoding="utf-8")) & {name.split("::")[-1] for name in names}:
            complaints.append("%s: %s does not use %s" % (python, shown_by, cede))
    if len(rows) < 200:
        complaints.append("only %d rows were understood: has the table changed its form?" % len(rows))
    asyncio_names |= words(left_out)
    complaints += ["asyncio.%s has no row" % name for name in asyncio.__all__ if name not in asyncio_names]
    print("\n".join(complaints) or "%d names, all there" % len(rows))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
