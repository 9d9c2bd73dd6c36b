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
  .grid { stroke: #d0d7de } .line { fill: none; stroke: #0969da; stroke-width: 2 }
  .ours { fill: #0969da } .limit { fill: #8c959f } .peer { fill: #bf8700 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #30363d } .line { stroke: #58a6ff }
    .ours { fill: #58a6ff } .limit { fill: #6e7681 } .peer { fill: #d29922 }
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
    return document(lines, top)


def document(lines, height):
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">'
    return "\n".join([head % (WIDTH, height, WIDTH, height), "<style>" + STYLE, "</style>"] + lines + ["</svg>"]) + "\n"


def lines(results, program):
    """One line for each row of one program, over sizes; both scales are logarithmic."""
    left, right, top, bottom = 60, 420, 16, 400
    series = {name: {int(size): value for size, value in row["figures"][program].items() if value}
              for name, row in results.items()}
    values = [value for points in series.values() for value in points.values()]
    sizes = sorted({size for points in series.values() for size in points})
    if not values or len(sizes) < 2:
        return document([], 0)
    lowest, highest = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(size):
        return left + (right - left) * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(value):
        return bottom - (bottom - top) * (math.log10(value) - lowest) / max(highest - lowest, 1)

    out = []
    for power in range(lowest, highest + 1):
        out.append('<path class="grid" d="M%d %.1f H%d"/>' % (left, y(10**power), right))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (left - 6, y(10**power) + 4, format(10**power, ",")))
    for size in sizes:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x(size), bottom + 18, format(size, ",")))
    below = math.inf
    for name in sorted(series, key=lambda each: list(series[each].values())[-1:] or [0]):
        points = sorted(series[name].items())
        if not points:
            continue
        path = " L".join("%.1f %.1f" % (x(size), y(value)) for size, value in points)
        out.append('<path class="line" d="M%s"/>' % path)
        below = min(y(points[-1][1]) + 4, below - 14)  # labels of neighbours do not overlap
        out.append('<text x="%d" y="%.1f">%s, %s</text>'
                   % (right + 8, below, escape(results[name]["title"]), results[name]["unit"]))
    return document(out, bottom + 28)
