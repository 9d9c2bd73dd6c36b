"""The results as JSON, as a Markdown table and as a bar chart."""
import json

from harness import rows, svg


class Results:
    def __init__(self, machine, command):
        self.machine = machine
        self.command = command
        self.rows = {}

    def add_row(self, name, title, unit, goal):
        self.rows[name] = {"title": title, "unit": unit, "goal": goal, "figures": {}}

    def fill(self, measured):
        for name, figures in measured.items():
            self.rows[name]["figures"] = {program: each.as_json() for program, each in figures.items()}

    def as_json(self):
        return {"machine": self.machine, "command": self.command,
                "rows": {name: row for name, row in self.rows.items() if row["figures"]}}


def number(value):
    """Three digits that count, without an exponent."""
    if value >= 1000:
        return "{:,.0f}".format(value)
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


def ours_first(figures):
    return sorted(figures, key=lambda name: (not name.startswith(rows.OURS), list(rows.TITLES).index(name)))


def ratios(figures, name):
    """What part of theirs each of ours takes, as text: one number, or one for each of our layers."""
    theirs = figures[name]["median"]
    if name.startswith(rows.OURS) or not theirs:
        return ""
    ours = [figures[each]["median"] for each in ours_first(figures)
            if each.startswith(rows.OURS) and "median" in figures[each]]
    return " / ".join("%.2f" % (median / theirs) for median in ours)


# Columns of the network rows: the key and the heading.
EXTRAS = [("messages_per_second", "messages/s"), ("p50_us", "p50 us"), ("p99_us", "p99 us"), ("p99_9_us", "p99.9 us"),
          ("bytes_per_connection", "B/connection")]


def row_table(row):
    """A line for each program: median, spread, and what part of it ours takes."""
    figures = row["figures"]
    extras = [extra for extra in EXTRAS if any(extra[0] in each for each in figures.values())]
    headings = ["", "median", "spread", "ratio"] + [heading for _, heading in extras]
    yield "| " + " | ".join(headings) + " |"
    yield "| --- |" + " ---: |" * (len(headings) - 1)
    for name in ours_first(figures):
        each = figures[name]
        if "median" in each:
            spread = "%s to %s" % (number(each["min"]), number(each["max"]))
            cells = [number(each["median"]), spread, ratios(figures, name)]
            cells += [number(each[key]) if key in each else "" for key, _ in extras]
        else:
            cells = ["failed: %s" % each["failure"]] + [""] * (len(headings) - 2)
        yield "| %s | %s |" % (rows.TITLES[name], " | ".join(cells))


def markdown(results):
    lines = ["# Results", "", "`%s`" % results.command, ""]
    lines += ["- %s: %s" % item for item in results.machine.items()]
    lines += ["", "Medians; ratio: ours by theirs, so below 1 we are ahead. In the network rows it is of each of our layers, "
              "in their order."]
    for row in results.as_json()["rows"].values():
        goal = "" if row["goal"] is None else ", goal %s" % number(row["goal"])
        lines += ["", "## %s (%s%s)" % (row["title"], row["unit"], goal), ""]
        lines += row_table(row)
    return "\n".join(lines) + "\n"


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    document = results.as_json()
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(results), encoding="utf-8")
    (folder / "results.svg").write_text(svg.chart(document["rows"], number), encoding="utf-8")
