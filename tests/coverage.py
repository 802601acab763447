# Sums what `llvm-cov export` says by floor. A line or branch of a template is covered when it is in any of its instantiations; comparisons
# that the compiler writes (`= default`) have no branches of ours, and no enumeration a value that is none of its names. Usage: coverage.py EXPORT.json [--missed HEADER] [FLOOR...]
import collections
import json
import sys


def is_ours(source, line):
    text = source[line - 1]
    compared = "operator" in text and "= default" in text
    return not compared and not text.lstrip().startswith("switch (")


def read(path):
    files = {}
    for one in json.load(open(path))["data"][0]["files"]:
        name = one["filename"]
        if "include/rejoinder/" not in name:
            continue
        source = open(name).read().split("\n")
        lines = {}
        reached = 0
        segments = sorted(one["segments"])
        for here, after in zip(segments, segments[1:] + [[len(source), 0]]):
            line, _, count, has_count = here[:4]
            if not has_count:
                continue
            for each in range(line, max(line + 1, after[0] + (1 if after[1] > 1 else 0))):
                lines[each] = max(lines.get(each, 0), count)
        branches = collections.defaultdict(lambda: [0, 0])
        for each in one["branches"]:
            if is_ours(source, each[0]):
                sides = branches[each[0], each[1]]
                sides[0] += each[4]
                sides[1] += each[5]
        files[name.split("include/rejoinder/")[1]] = (source, lines, branches)
    return files


def main(export, *wanted):
    files = read(export)
    if wanted[:1] == ("--missed",):
        source, lines, branches = files[wanted[1].replace("include/rejoinder/", "")]
        for line in sorted({n for n, count in lines.items() if count == 0} | {n for (n, _), both in branches.items() if 0 in both}):
            sides = [f"column {column}: never {'true' if both[0] == 0 else 'false'}"
                     for (n, column), both in sorted(branches.items()) if n == line and 0 in both and lines.get(line, 1)]
            print(f"{line:4} {source[line - 1].rstrip()}" + (f"   // {', '.join(sides)}" if sides else "   // never run"))
        return
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for name, (_, lines, branches) in sorted(files.items()):
        floor = name.split("/")[0]
        if wanted and floor not in wanted:
            continue
        missed_lines = sum(count == 0 for count in lines.values())
        missed_branches = sum(side == 0 for both in branches.values() for side in both)
        for i, number in enumerate((len(lines), missed_lines, 2 * len(branches), missed_branches)):
            sums[floor][i] += number
        if missed_lines + missed_branches:
            print(f"{name:44} {missed_lines:4} of {len(lines):4} lines missed, {missed_branches:4} of {2 * len(branches):4} branches")
    for floor, (lines, missed, branches, sides) in sorted(sums.items()):
        print(f"{floor:10} {100 - 100 * missed / lines:6.2f} % of {lines} lines, "
              f"{100 - 100 * sides / max(branches, 1):6.2f} % of {branches} branches")


main(*sys.argv[1:])
