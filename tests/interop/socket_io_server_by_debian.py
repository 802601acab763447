"""Debian's python3-socketio talks to our server: socket_io_server_by_debian.py PROGRAM."""

import os
import subprocess
import sys
import threading
import time
import traceback

import socketio


class Program:
    def __init__(self, *flags):
        self.child = subprocess.Popen([sys.argv[1], *flags], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline().split()[-1])
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self):
        self.child.kill()
        self.child.wait()


class Heard:
    """What a client's handler was called with, to be waited for."""

    def __init__(self):
        self.all = []
        self.changed = threading.Condition()

    def add(self, *words):
        with self.changed:
            self.all.append(words)
            self.changed.notify_all()

    def wait(self, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all) >= count, 5), self.all
            return self.all


def joined(server, transports, namespace="/", **options):
    client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.1, randomization_factor=0)
    told = Heard()
    client.on("auth", told.add, namespace=namespace)
    client.connect(server.url, transports=transports, namespaces=[namespace], wait_timeout=5, **options)
    told.wait()
    return client, told


def conversation(server, transports):
    client, told = joined(server, transports, auth={"token": "t"})
    assert told.all == [({"token": "t"},)], told.all
    assert client.call("message-with-ack", 1) == 1
    assert list(client.call("message-with-ack", (1, "zwölf", {"a": [None]}))) == [1, "zwölf", {"a": [None]}]
    assert client.call("message-with-ack", b"\x00\xff") == b"\x00\xff"
    assert client.call("message-with-ack", {"a": [b"1", b"2"]}) == {"a": [b"1", b"2"]}

    back = Heard()
    client.on("message-back", back.add)
    client.emit("message", ("x", b"bytes" * 20000))
    assert back.wait() == [("x", b"bytes" * 20000)]

    client.on("server-request", lambda question: (question, "answered"))
    assert client.call("ask-me", ("q", 1000)) == {"ok": True, "answer": ["q", "answered"]}
    try:
        client.call("no-ack", timeout=0.2)
        raise AssertionError("no-ack was acknowledged")
    except socketio.exceptions.TimeoutError:
        pass

    other, _ = joined(server, transports)
    said = Heard()
    other.on("room-msg", said.add)
    assert other.call("join", "red") is True
    assert client.call("to-room", ("red", {"n": 1})) is True
    assert said.wait() == [({"n": 1},)]
    other.disconnect()

    custom, told = joined(server, transports, "/custom", auth={"n": 2})
    assert told.all == [({"n": 2},)], told.all
    assert custom.call("message-with-ack", "c", namespace="/custom") == "c"
    custom.disconnect()
    client.disconnect()


def refused(server, transports):
    client = socketio.Client(reconnection=False)
    errors = Heard()
    client.on("connect_error", errors.add, namespace="/admin")
    try:
        client.connect(server.url, transports=transports, namespaces=["/admin"], auth={"token": "no"}, wait_timeout=2)
        raise AssertionError("it was let in")
    except socketio.exceptions.ConnectionError:
        pass
    assert errors.wait()[0] == ({"message": "unauthorized", "data": {"code": 4001}},), errors.all
    client.disconnect()
    admin, told = joined(server, transports, "/admin", auth={"token": "secret"})
    assert told.all == [({"token": "secret"},)], told.all
    admin.disconnect()


def cut(server, transports):
    client, told = joined(server, transports)
    client.emit("kill-tcp")
    told.wait(2)
    assert client.call("message-with-ack", 2) == 2
    client.disconnect()


def disconnected(server, transports):
    client, _ = joined(server, transports)
    gone = Heard()
    client.on("disconnect", gone.add)
    client.emit("server-disconnect")
    gone.wait()
    client.disconnect()


def main():
    server = Program("--port", "0")
    try:
        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            for part in (conversation, refused, cut, disconnected):
                if part is cut and transports == ["polling"]:
                    continue  # a poll is answered with a close packet, after which this client stays away, whatever the server
                begin = time.monotonic()
                part(server, transports)
                print(f"passed: {part.__name__} by {'+'.join(transports)} ({time.monotonic() - begin:.2f} s)", flush=True)
        assert server.child.poll() is None, "the server has ended"
        print("all passed")
    except BaseException:
        traceback.print_exc()
        server.end()
        os._exit(1)  # the clients' threads would keep it alive
    server.end()


main()
