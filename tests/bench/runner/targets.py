"""The rows that must hold: what is divided by what, and how large that may be."""

from dataclasses import dataclass

# Peers that no package has: their cost in floors' costs, from one run in which both were measured (docs/performance.md).
UWEBSOCKETS_SERVER = 0.14 / 0.10  # CPU a message of its echo server, in those of the batch echo's server
SOCKET_IO_CLIENT_CPP = 21.3 / 0.11  # CPU an acknowledged event of the client, in those of the batch echo's client


@dataclass
class Row:
    name: str
    value: object  # None: not measured
    bound: float
    at_least: bool = False
    unit: str = ""
    note: str = ""

    @property
    def verdict(self):
        if self.value is None:
            return "not measured"
        return "pass" if (self.value.median >= self.bound if self.at_least else self.value.median <= self.bound) else "miss"

    @property
    def target(self):
        return f"{'≥' if self.at_least else '≤'} {self.bound:.3g}{self.unit}"


class Results:
    """What the rounds gave: workload, contestant, measure."""

    def __init__(self):
        self.of = {}

    def get(self, workload, contestant, measure):
        return self.of.get(workload, {}).get(contestant, {}).get(measure)

    def ratio(self, workload, contestant, measure, to="batch_echo", to_measure=None):
        mine, theirs = self.get(workload, contestant, measure), self.get(workload, to, to_measure or measure)
        return mine.over(theirs) if mine and theirs else None


def rows(all_of):
    """The table of the targets."""
    ratio, get = all_of.ratio, all_of.get
    text, decoded, websocket = "rejoinder tcp", "rejoinder tcp, decoded", "rejoinder websocket"
    channel, hub = "rejoinder channel / raw load", "rejoinder hub / raw load"
    return [
        Row("W1, TCP, one core: p50 / floor", ratio("W1", text, "p50_us"), 1.10),
        Row("W2, TCP, text: rate / floor", ratio("W2", text, "rate"), 0.60, at_least=True),
        Row("W2, TCP, decoded: rate / floor", ratio("W2", decoded, "rate"), 0.33, at_least=True),
        Row("W2, TCP, text: CPU of both sides / floor", ratio("W2", text, "cpu_us"), 1.8),
        Row("W2, TCP, decoded: CPU of both sides / floor", ratio("W2", decoded, "cpu_us"), 3.5),
        Row("W2, TCP: client's system calls a request", get("W2", text, "client_calls"), 0.04),
        Row("W2, WebSocket: rate / floor", ratio("W2", websocket, "rate"), 0.45, at_least=True),
        Row("WebSocket echo: CPU of the server / floor's (1.5 uWebSockets)", ratio("WebSocket echo", channel, "server_cpu_us"),
            1.5 * UWEBSOCKETS_SERVER),
        Row("WebSocket echo: CPU of the server / Boost.Beast's gathered",
            ratio("WebSocket echo", channel, "server_cpu_us", "Boost.Beast gathered / raw load"), 1 / 6),
        Row("Socket.IO hub: CPU an event / npm socket.io's",
            ratio("Socket.IO hub", hub, "server_cpu_us", "npm socket.io / raw load"), 1 / 12),
        Row("Socket.IO client: CPU an event / floor's (1/12 socket.io-client-cpp)",
            ratio("Socket.IO client", "rejoinder socket-io / npm server", "client_cpu_us"), SOCKET_IO_CLIENT_CPP / 12),
        Row("W3, TCP: KiB an idle session of 5,000", get("W3 5,000", text, "server_kib"), 1.5),
        Row("W3, WebSocket: KiB an idle session of 5,000", get("W3 5,000", websocket, "server_kib"), 2),
        *micro_rows(get),
        Row("M4, core.hpp: CPU s at -O0", get("M4", "core.hpp", "seconds"), 0.45),
        Row("M4, rejoinder.hpp: CPU s / its dependencies' alone", ratio("M4", "rejoinder.hpp", "seconds", "rejoinder.hpp: dependencies"), 1.25),
    ]


def micro_rows(get):
    for name, what, bounds in (("M1", "open + settle", (13, 20, 100)), ("M2", "schedule + cancel", (6, 10, 32))):
        for size, bound in zip(("1k", "100k", "1M"), bounds):
            yield Row(f"{name}, {what}, random, {size}: ns", get(name, "rejoinder", f"random_{size}_ns"), bound)
        yield Row(f"{name}: bytes each beyond its value", get(name, "rejoinder", "bytes_1M"), 48 if name == "M1" else 32)
    yield Row("M3, request read and reply written, text: ns", get("M3", "rejoinder", "text_ns"), 60)
    yield Row("M3, the same decoded: ns", get("M3", "rejoinder", "decoded_ns"), 200)
    yield Row("M5, coroutine over callback: ns", get("M5", "rejoinder", "coroutine_extra_ns"), 60)
    for wire in ("tcp", "websocket", "socket_io"):
        yield Row(f"M6, {wire}: allocations a request", get("M6", "rejoinder", f"{wire}_allocations"), 0)
