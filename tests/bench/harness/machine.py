"""What the figures were measured on."""
import os
import platform
import re
import subprocess


def first(path, pattern):
    try:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                found = re.match(pattern, line)
                if found:
                    return found.group(1).strip()
    except OSError:
        pass
    return "unknown"


def version(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def describe():
    """Text by title. Load: how busy the machine was before; figures of a busy one are not worth quoting."""
    return {
        "processor": "%s, %d cores" % (first("/proc/cpuinfo", r"model name\s*: (.*)"), os.cpu_count()),
        "memory": "%.0f GiB" % (int(first("/proc/meminfo", r"MemTotal:\s+(\d+)")) / 2**20),
        "kernel": platform.release().split("-")[0],
        "system": first("/etc/os-release", r'PRETTY_NAME="(.*)"'),
        "compiler": version(os.environ.get("CXX", "c++"), "--version"),
        "load before": "%.1f" % os.getloadavg()[0],
    }
