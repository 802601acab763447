"""Runs the benchmarks that were built, and prints their tables: bench.py --programs FOLDER [--rounds N] [--seconds S] [--only W1,M3]."""

import argparse
import os
import pathlib
import platform
import sys

import compile_cost
import micro
import picture
import report
from rounds import Series, play
from targets import Results, rows
from workloads import Programs, workloads


def read_arguments():
    line = argparse.ArgumentParser(prog="run.sh")
    line.add_argument("--rounds", type=int, default=5)
    line.add_argument("--seconds", type=float, default=1.0, help="of each measured window")
    line.add_argument("--only", default="", help="the beginnings of names, as W1,M3")
    line.add_argument("--contestants", default="", help="the beginnings of their names; the first one always takes part")
    line.add_argument("--short", action="store_true", help="one short round of each: whether the benchmarks work, no figures")
    line.add_argument("--programs", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    line.add_argument("--modules", type=pathlib.Path, help=argparse.SUPPRESS)
    line.add_argument("--compiler", default="c++", help=argparse.SUPPRESS)
    line.add_argument("--flags", default="", help=argparse.SUPPRESS)
    given = line.parse_args()
    if given.short:
        given.rounds, given.seconds = 1, 0.1
    return given


def wanted(given, name):
    return not given.only or any(name.startswith(beginning) for beginning in given.only.split(","))


def say(words):
    print(words, flush=True)


def cores():
    """The first and the second core that may be used; with one, it is both."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[1 % len(mine)]


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}"


def shortened(workload, given):
    if given.contestants:
        floor, *others = workload.contestants
        workload.contestants = [floor, *(one for one in others if any(one.name.startswith(each) for each in given.contestants.split(",")))]
    if given.short:
        workload.options.update({key: min(value, 50) for key, value in workload.options.items() if key == "connections"})
    return workload


def with_sums(measured):
    for of in measured.values():
        if "client_cpu_us" in of:
            of["cpu_us"] = Series([c + s for c, s in zip(of["client_cpu_us"].values, of["server_cpu_us"].values)])
    return measured


def main():
    given = read_arguments()
    here = pathlib.Path(__file__).resolve().parent.parent
    root = here.parent.parent
    has = Programs(given.programs, here / "peers", given.modules)
    results = Results()
    counted = str(given.programs / "libbench_system_calls.so")
    first, second = cores()
    todo = [shortened(each, given) for each in workloads(has, given.seconds) if wanted(given, each.name)]
    for name, why in has.absent:
        say(f"skipped: {name}: {why}")
    for each in todo:
        pair = (first, first) if each.same_core else (first, second)
        results.of[each.name] = with_sums(play(each, given.rounds, pair, counted, say))
        say(f"\n{each.words}\n{report.workload_table(each, results.of[each.name])}")
    for name in ("M1", "M2", "M3", "M5", "M6"):
        if wanted(given, name):
            results.of[name] = micro.play(given, name, second)
            say(f"\n{micro.table(name, results.of[name])}")
    if wanted(given, "M4"):
        results.of["M4"] = compile_cost.play(root / "include", given)
        say(f"\n{compile_cost.table(results.of['M4'])}")
    all_rows = rows(results)
    shown = [row for row in all_rows if row.value] if given.only else all_rows
    say(f"\n{machine()}\n{report.targets_table(shown)}")
    report.write_csv(given.programs / "bench.csv", results)
    report.write_json(given.programs / "bench.json", results, all_rows, machine())
    picture.draw(given.programs / "bench.svg", all_rows)
    say(f"\nwritten: {given.programs}/bench.csv, bench.json, bench.svg")
    expected = {each.name: len(each.contestants) for each in todo}
    broken = [name for name, count in expected.items() if len(results.of[name]) != count]
    if broken:
        say(f"failed: {', '.join(broken)}")
    return 1 if broken else 0


sys.exit(main())
