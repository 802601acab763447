"""Rounds in which all contestants of a workload take turns, so that a drift of the machine meets them alike."""

import statistics

from programs import Failed, measure


class Series:
    """The values of one measure, a round each."""

    def __init__(self, values):
        self.values = values

    @property
    def median(self):
        return statistics.median(self.values)

    def over(self, floor):
        """The ratios to a floor's, round by round."""
        return Series([mine / theirs for mine, theirs in zip(self.values, floor.values) if theirs])

    def __str__(self):
        return f"{self.median:.3g} ({min(self.values):.3g}-{max(self.values):.3g})"


def play(workload, rounds, cores, preload, say):
    """{contestant: {measure: Series}}; a contestant that fails once is left out, with a word."""
    numbers = {each.name: [] for each in workload.contestants}
    for _ in range(rounds):
        for each in workload.contestants:
            if each.name not in numbers:
                continue
            try:
                numbers[each.name].append(measure(each, workload, cores, preload))
            except (Failed, OSError, ValueError, IndexError) as why:
                say(f"{workload.name}: {each.name} is left out: {why}")
                del numbers[each.name]
    return {name: {key: Series([one[key] for one in all_rounds]) for key in all_rounds[0]}
            for name, all_rounds in numbers.items()}
