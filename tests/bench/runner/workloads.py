"""What is asked of whom: W1 to W6, and the contestants of each."""

from dataclasses import dataclass, field


@dataclass
class Contestant:
    name: str
    server: list
    client: list


@dataclass
class Workload:
    name: str
    words: str
    contestants: list
    seconds: float
    same_core: bool = False
    options: dict = field(default_factory=dict)

    def arguments(self):
        words = ["--seconds", str(self.seconds), "--warm-up", str(min(0.4, self.seconds / 2))]
        for key, value in self.options.items():
            words += [f"--{key}", str(value)]
        return words


class Programs:
    """The contestants, made from what was built and found. What is absent is None, and `absent` says why."""

    def __init__(self, folder, peers, node_modules):
        self.folder, self.peers, self.node_modules, self.absent = folder, peers, node_modules, []

    def path(self, name):
        return str(self.folder / name)

    def floor(self, name="batch_echo"):
        client = "batch_echo" if name == "epoll_echo" else name
        return Contestant(name, [self.path(name), "--role", "server"], [self.path(client), "--role", "client"])

    def ours(self, wire, does="asking", payload="text"):
        name = f"rejoinder {wire}" + (", decoded" if payload == "decoded" else "")
        return Contestant(name, [self.path("hub"), "--wire", wire],
                          [self.path("client"), "--wire", wire, "--does", does, "--payload", payload])

    def raw(self, name, server, wire):
        """A server under a load that costs little itself."""
        return Contestant(f"{name} / raw load", server, [self.path("raw_load"), "--wire", wire])

    def node_server(self, package):
        return ["node", str(self.peers / "node_server.mjs"), "--modules", str(self.node_modules), "--package", package]

    def with_node(self, make):
        if self.node_modules is None:
            self.lack("npm's socket.io and ws", "there is no node, or npm could not get them")
            return None
        return make()

    def node_socket_io(self):
        load = ["node", str(self.peers / "socket_io_load.mjs"), "--modules", str(self.node_modules)]
        return self.with_node(lambda: Contestant("npm socket.io", self.node_server("socket.io"), load))

    def node_raw(self, package, wire):
        return self.with_node(lambda: self.raw(f"npm {package}", self.node_server(package), wire))

    def ours_at_node(self):
        return self.with_node(lambda: Contestant("rejoinder socket-io / npm server", self.node_server("socket.io"),
                                                 [self.path("client"), "--wire", "socket-io"]))

    def beast_raw(self, name, *options):
        if not self.is_built("beast_echo", "Boost.Beast"):
            return None
        return self.raw(name, [self.path("beast_echo"), *options], "websocket")

    def peer(self, program, name):
        """A program that is server and client, as a floor is."""
        if not self.is_built(program, name):
            return None
        return Contestant(name, [self.path(program), "--role", "server"], [self.path(program), "--role", "client"])

    def is_built(self, program, name):
        if (self.folder / program).exists():
            return True
        self.lack(name, "its headers or libraries are not on this machine")
        return False

    def lack(self, name, why):
        if (name, why) not in self.absent:
            self.absent.append((name, why))


PEERS = {"zeromq_echo": "ZeroMQ dealer/router", "nng_echo": "NNG req/rep"}


def workloads(has, seconds):
    """All of them; the first contestant of each is its floor."""
    peers = [has.peer(*each) for each in PEERS.items()]
    both_sides = [has.floor(), has.floor("epoll_echo"), has.floor("naive_echo"), has.ours("tcp"),
                  has.ours("tcp", payload="decoded"), has.ours("websocket"), has.ours("socket-io"), has.node_socket_io(), *peers]
    pipelined = {"in-flight": 256}
    big = {"in-flight": 4, "bytes": 1 << 20}
    all_of_them = [
        Workload("W1", "one request outstanding, both sides on one core", both_sides, seconds, same_core=True),
        Workload("W1 on two cores", "one request outstanding, a core each", both_sides, seconds),
        Workload("W2", "256 requests outstanding on one connection", both_sides, seconds, options=pipelined),
        Workload("WebSocket echo", "the server alone, 256 messages outstanding",
                 [has.floor(), has.raw("rejoinder channel", [has.path("websocket_echo")], "websocket"),
                  has.beast_raw("Boost.Beast gathered", "--gathered"), has.beast_raw("Boost.Beast"), has.node_raw("ws", "websocket")],
                 seconds, options=pipelined),
        Workload("Socket.IO hub", "the server alone, 256 events outstanding",
                 [has.floor(), has.raw("rejoinder hub", [has.path("hub"), "--wire", "socket-io"], "socket-io"),
                  has.node_raw("socket.io", "socket-io")], seconds, options=pipelined),
        Workload("Socket.IO client", "clients at npm's server, 256 events outstanding",
                 [has.floor(), has.ours_at_node(), has.node_socket_io()], seconds, options=pipelined),
        Workload("W3 1,000", "memory of 1,000 idle sessions", [has.ours(wire, "idling") for wire in ("tcp", "websocket", "socket-io")],
                 seconds, options={"connections": 1000}),
        Workload("W3 5,000", "memory of 5,000 idle sessions", [has.ours(wire, "idling") for wire in ("tcp", "websocket")],
                 seconds, options={"connections": 5000}),
        Workload("W4", "1,000 connections, one request outstanding on each",
                 [has.floor(), has.ours("tcp"), has.ours("websocket")], seconds, options={"connections": 1000}),
        Workload("W5", "messages of 1 MiB, 4 outstanding", [has.floor(), has.ours("tcp"), has.ours("websocket")], seconds, options=big),
        Workload("W6", "1,000 connections cut at once", [has.ours(wire, "storm") for wire in ("tcp", "websocket")],
                 seconds, options={"connections": 1000}),
    ]
    for each in all_of_them:
        each.contestants = [one for one in each.contestants if one is not None]
    return all_of_them
