"""Starts a server and its client, each on a core of its own or both on one, and reads what the client measured."""

import json
import os
import signal
import subprocess


class Failed(Exception):
    pass


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


class Server:
    """A process that says `port N` when it can be connected to; it is terminated at the end of the block."""

    def __init__(self, command, core):
        self.command, self.core = command, core

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, preexec_fn=pinned(self.core))
        words = self.process.stdout.readline().split()
        if len(words) != 2 or words[0] != "port":
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.command[0]} did not start")
        self.port = words[1]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def measure(contestant, workload, cores, preload=None):
    """One round of one contestant: the numbers that its client reports, by name."""
    environment = dict(os.environ)
    if preload:
        environment["LD_PRELOAD"] = preload
    with Server(contestant.server, cores[0]) as server:
        command = [*contestant.client, "--port", server.port, "--watch", str(server.process.pid), *workload.arguments()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=pinned(cores[1]),
                              timeout=workload.seconds * 3 + 60)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])
