"""What was measured: as a table for people, as CSV and JSON for programs."""

import csv
import json


def text_table(head, lines):
    widths = [max(len(str(line[i])) for line in [head, *lines]) for i in range(len(head))]
    return "\n".join("  ".join(str(word).ljust(width) for word, width in zip(line, widths)).rstrip() for line in [head, *lines])


def targets_table(rows):
    lines = [(row.name, row.value if row.value else "-", row.target, row.verdict) for row in rows]
    return text_table(("", "median (min-max)", "target", ""), lines)


def workload_table(workload, measured):
    """Every contestant against the first one."""
    measures = [("rate", "requests/s"), ("mb_per_s", "MB/s"), ("p50_us", "p50 us"), ("p99_us", "p99 us"), ("cpu_us", "CPU us"),
                ("client_cpu_us", "client"), ("server_cpu_us", "server"), ("client_calls", "calls"), ("server_kib", "KiB"),
                ("resumed_ms", "resumed ms"), ("cpu_us_per_session", "CPU us")]
    shown = [(key, words) for key, words in measures if any(key in of for of in measured.values())
             and (key != "mb_per_s" or "bytes" in workload.options)]
    floor = next(iter(measured.values()))
    key = "p50_us" if "p50_us" in floor else "rate"
    has_ratio = key in floor
    lines = []
    for name, of in measured.items():
        ratio = [of[key].over(floor[key]) if key in of else "-"] if has_ratio else []
        lines.append((name, *ratio, *(f"{of[each].median:.4g}" if each in of else "-" for each, _ in shown)))
    head = (workload.name, *([f"{'p50' if key == 'p50_us' else 'rate'} / floor"] if has_ratio else []), *(words for _, words in shown))
    return text_table(head, lines)


def write_csv(path, results):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(("workload", "contestant", "measure", "median", "min", "max", "rounds"))
        for workload, contestants in results.of.items():
            for contestant, measures in contestants.items():
                for measure, series in measures.items():
                    out.writerow((workload, contestant, measure, series.median, min(series.values), max(series.values), len(series.values)))


def write_json(path, results, rows, machine):
    plain = {workload: {contestant: {measure: series.values for measure, series in measures.items()}
                        for contestant, measures in contestants.items()} for workload, contestants in results.of.items()}
    targets = [{"row": row.name, "values": row.value.values if row.value else None, "target": row.target, "verdict": row.verdict} for row in rows]
    with open(path, "w") as file:
        json.dump({"machine": machine, "rounds": plain, "targets": targets}, file, indent=1, ensure_ascii=False)
