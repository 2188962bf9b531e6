"""Any number of agents over a bounded number of keep-alive connections from several loopback addresses: one thread, epoll.

Each agent asks (PROLOG) and then sends its inventory, as after an outage, when all come at once. What was answered is counted, by
QUERY and status; PROLOG_FREQ of the replies is kept.
"""
import collections
import itertools
import re
import select
import socket
import time
import zlib

from harness import AGENT, inventory, prolog

CONTENT = ('<HARDWARE><NAME>crowd</NAME><MEMORY>512</MEMORY></HARDWARE><BIOS><SSN>%s</SSN></BIOS>' +
           ''.join('<SOFTWARES><NAME>program %d</NAME><VERSION>%d</VERSION></SOFTWARES>' % (i, i) for i in range(30)))
ADDRESSES = ['127.0.1.%d' % i for i in range(1, 11)]


def request(body):
    data = zlib.compress(body.encode(), 1)
    return ('POST /ocsinventory HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nContent-Type: application/x-compress\r\n'
            'Content-Length: %d\r\n\r\n' % (AGENT, len(data))).encode() + data


def device_of(number):
    return 'crowd%d-2026-05-06-07-08-09' % number


class Member:
    """One connection: an agent after the other."""

    def __init__(self, number):
        self.number, self.socket, self.device, self.query = number, None, None, None
        self.out, self.into, self.since = b'', b'', 0.0


class Crowd:
    def __init__(self, port, agents, connections, begin=0, queries=('PROLOG', 'INVENTORY')):
        self.port, self.queries = port, queries
        self.devices = iter(range(begin, begin + agents))
        self.members = [Member(i) for i in range(min(connections, agents))]
        self.answers, self.frequencies = collections.Counter(), collections.Counter()
        self.sent, self.broken, self.slowest, self.answered = [], [], 0.0, 0
        self.poll, self.by_fd = select.epoll(), {}
        self.addresses = itertools.cycle(ADDRESSES)

    def connect(self, member):
        s = socket.socket()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.setblocking(False)
        s.bind((next(self.addresses), 0))
        s.connect_ex(('127.0.0.1', self.port))
        member.socket, member.into = s, b''
        self.by_fd[s.fileno()] = member
        self.poll.register(s.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def leave(self, member):
        if member.socket:
            self.poll.unregister(member.socket.fileno())
            del self.by_fd[member.socket.fileno()]
            member.socket.close()
            member.socket = None

    def ask(self, member, query):
        member.query, member.since = query, time.monotonic()
        member.out = request(prolog(member.device) if query == 'PROLOG' else inventory(member.device, CONTENT % member.device))
        if member.socket:
            self.poll.modify(member.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
        else:
            self.connect(member)

    def next_agent(self, member):
        number = next(self.devices, None)
        if number is None:
            self.leave(member)
            return
        member.device = device_of(number)
        self.ask(member, self.queries[0])

    def write(self, member):
        member.out = member.out[member.socket.send(member.out):]
        if not member.out:
            self.poll.modify(member.socket.fileno(), select.EPOLLIN)

    def read(self, member):
        got = member.socket.recv(1 << 16)
        if not got:
            raise ConnectionError('closed before the answer to %s' % member.query)
        member.into += got
        head, found, rest = member.into.partition(b'\r\n\r\n')
        length = re.search(rb'(?i)content-length: (\d+)', head) if found else None
        if not found or len(rest) < int(length.group(1)):
            return
        member.into = b''
        if b'onnection: close' in head:
            self.leave(member)
        self.take_answer(member, int(head.split(b' ', 2)[1]), rest)

    def take_answer(self, member, status, body):
        self.answers[member.query, status] += 1
        self.answered += 1
        self.slowest = max(self.slowest, time.monotonic() - member.since)
        if member.query == 'INVENTORY':
            if status == 200:
                self.sent.append(member.device)
            self.next_agent(member)
            return
        if status == 200:
            text = zlib.decompress(body).decode()
            self.frequencies[int(re.search(r'<PROLOG_FREQ>(\d+)<', text).group(1))] += 1
        if len(self.queries) > 1:
            self.ask(member, self.queries[1])
        else:
            self.next_agent(member)

    def start(self):
        for member in self.members:
            self.next_agent(member)

    def turn(self, seconds=0.1):
        """@return whether there is more to do"""
        for fd, events in self.poll.poll(seconds):
            member = self.by_fd.get(fd)
            try:
                if member and events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                    self.read(member)
                elif member and events & select.EPOLLOUT:
                    self.write(member)
            except OSError as error:
                self.broken.append('%s: %s' % (member.query, error))
                self.leave(member)
                self.next_agent(member)
        return bool(self.by_fd)

    def run(self, until=lambda: False, seconds=1200):
        """Until all are done, or `until` says so."""
        end = time.monotonic() + seconds
        while self.turn() and not until():
            if time.monotonic() > end:
                raise AssertionError('%d s, and %d agents are not done' % (seconds, len(self.by_fd)))

    def refused(self):
        return {k: n for k, n in self.answers.items() if k[1] != 200}
