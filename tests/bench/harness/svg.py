"""A bar chart as text: one group for each row, bars on a logarithmic scale of their own, since a row's programs lie orders
of magnitude apart. Colours follow the reader's, light or dark.
"""
import math
from xml.sax.saxutils import escape

from harness import rows

WIDTH, LABEL, VALUE, BAR, GAP = 760, 150, 90, 15, 34
STYLE = """
  text { font: 12px sans-serif; fill: #24292f }
  .title { font-weight: bold }
  .ours { fill: #0969da } .limit { fill: #8c959f } .peer { fill: #bf8700 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ours { fill: #58a6ff } .limit { fill: #6e7681 } .peer { fill: #d29922 }
  }"""


def kind(name):
    if name.startswith(rows.OURS):
        return "ours"
    return "limit" if name in (rows.LIMIT, "epoll") else "peer"


def scale(values):
    """Maps a value to the length of its bar. The shortest bar is a tenth, so that the smallest value is still seen."""
    low, high = math.log(min(values)), math.log(max(values))
    room = WIDTH - LABEL - VALUE
    return lambda value: room * (0.1 + 0.9 * (math.log(value) - low) / (high - low)) if high > low else room * 0.1


def group(row, top, number):
    """The lines of one row's group, and where the next begins."""
    medians = {name: each["median"] for name, each in row["figures"].items() if each.get("median", 0) > 0}
    lines = ['<text class="title" x="0" y="%d">%s, %s</text>' % (top + 12, escape(row["title"]), escape(row["unit"]))]
    top += 20
    length = scale(medians.values())
    for name in sorted(medians, key=medians.get):
        lines.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LABEL - 6, top + 12, escape(rows.TITLES[name])))
        lines.append('<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>'
                     % (kind(name), LABEL, top + 2, length(medians[name]), BAR - 3))
        lines.append('<text x="%.1f" y="%d">%s</text>'
                     % (LABEL + length(medians[name]) + 5, top + 12, number(medians[name])))
        top += BAR
    return lines, top + GAP - BAR


def chart(results, number):
    top, lines = 4, []
    for row in results.values():
        if any(each.get("median", 0) > 0 for each in row["figures"].values()):
            more, top = group(row, top, number)
            lines += more
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">' % (WIDTH, top, WIDTH, top)
    return "\n".join([head, "<style>" + STYLE, "</style>"] + lines + ["</svg>"]) + "\n"
