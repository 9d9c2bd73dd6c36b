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
    """The programs, ours in front: each of the others is compared with the last of ours before it."""
    return sorted(figures, key=lambda name: (not name.startswith(rows.OURS), list(rows.TITLES).index(name)))


def row_lines(row):
    """A line for each program: median, spread, and what part of it ours takes."""
    figures = row["figures"]
    ours = figures.get(rows.OURS) or next((each for name, each in figures.items() if name.startswith(rows.OURS)), {})
    for name in ours_first(figures):
        each = figures[name]
        title = rows.TITLES[name]
        if "median" not in each:
            yield "| %s | failed: %s | | |" % (title, each["failure"])
            continue
        ratio = ""
        if not name.startswith(rows.OURS) and "median" in ours and each["median"]:
            ratio = "%.2f" % (ours["median"] / each["median"])
        spread = "%s to %s" % (number(each["min"]), number(each["max"]))
        yield "| %s | %s | %s | %s |" % (title, number(each["median"]), spread, ratio)


def markdown(results):
    lines = ["# Results", "", "`%s`" % results.command, ""]
    lines += ["- %s: %s" % item for item in results.machine.items()]
    lines += ["", "Medians; ratio: ours by theirs, so below 1 we are ahead. Less is better, but for messages a second."]
    for row in results.as_json()["rows"].values():
        goal = "" if row["goal"] is None else ", goal %s" % number(row["goal"])
        lines += ["", "## %s (%s%s)" % (row["title"], row["unit"], goal), "", "| | median | spread | ratio |",
                  "| --- | ---: | ---: | ---: |"]
        lines += row_lines(row)
    return "\n".join(lines) + "\n"


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    document = results.as_json()
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(results), encoding="utf-8")
    (folder / "results.svg").write_text(svg.chart(document["rows"], number), encoding="utf-8")
