"""The small measures, M1 to M3, M5 and M6: programs that measure themselves."""

import json
import subprocess

from programs import pinned
from report import text_table
from rounds import Series

PROGRAMS = {
    "M1": ("pending calls: ns for one settled and one opened, bytes each",
           {"rejoinder": ["m1_pending"], "its registry, no deadline": ["m1_pending", "--of", "registry"],
            "unordered_map, function, steady_timer": ["m1_pending", "--of", "usual"]}),
    "M2": ("timers: ns for one cancelled and one scheduled, bytes each",
           {"rejoinder": ["m2_timers"], "asio::steady_timer each": ["m2_timers", "--of", "asio"]}),
    "M3": ("ns for a request read and its reply written",
           {"rejoinder": ["m3_envelope"], "Boost.JSON document": ["m3_envelope", "--of", "document"]}),
    "M5": ("ns a request by the form of its completion, without a socket", {"rejoinder": ["m5_completions"]}),
    "M6": ("allocations a request, both sides together", {"rejoinder": ["m6_allocations", "--in-flight", "256"],
                                                         "one outstanding": ["m6_allocations"]}),
}


def play(given, name, core):
    numbers = {contestant: [] for contestant in PROGRAMS[name][1]}
    rounds = 1 if name == "M6" else given.rounds
    for _ in range(rounds):
        for contestant, (program, *options) in PROGRAMS[name][1].items():
            done = subprocess.run([given.programs / program, *options], stdout=subprocess.PIPE, text=True, check=True, preexec_fn=pinned(core))
            numbers[contestant].append(json.loads(done.stdout))
    return {contestant: {key: Series([one[key] for one in all_rounds]) for key in all_rounds[0]}
            for contestant, all_rounds in numbers.items()}


def table(name, measured):
    keys = list(dict.fromkeys(key for of in measured.values() for key in of))
    lines = [(contestant, *(f"{of[key].median:.4g}" if key in of else "-" for key in keys)) for contestant, of in measured.items()]
    return f"{PROGRAMS[name][0]}\n{text_table((name, *keys), lines)}"
