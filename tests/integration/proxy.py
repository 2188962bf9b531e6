"""A line between two processes that can be cut, held and lied on: unix or TCP sockets, byte streams of any protocol.

`Proxy` passes bytes; a test holds one direction or both (nothing arrives, nobody is told: a partition), refuses new connections, or
ends what is connected (in TCP also by RST). `KillingProxy` kills who is about to get certain bytes. `DatabaseProxy` also reads the statements that go by and does with one of them what a `Rule` says.
"""
import os
import re
import signal
import socket
import struct
import threading

TO_SERVER, TO_CLIENT = 'to_server', 'to_client'


class Line:
    """One connection through a proxy: two sockets and a thread for each direction."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server

    def start(self):
        for way, source, sink in ((TO_SERVER, self.client, self.server), (TO_CLIENT, self.server, self.client)):
            threading.Thread(target=self.pump, args=(way, source, sink), daemon=True).start()

    def pump(self, way, source, sink):
        try:
            while True:
                data = source.recv(1 << 16)
                if not data:
                    break
                self.proxy.gates[way].wait()
                self.forward(way, data, sink)
        except OSError:
            pass
        self.close()

    def forward(self, way, data, sink):
        del way
        sink.sendall(data)

    def client_pid(self):
        """Of a unix socket: the process that has connected."""
        return struct.unpack('3i', self.client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def close(self, hard=False):
        """`hard`: with RST instead of FIN, where there is such a thing; the pumps are only woken then."""
        for s in (self.client, self.server):
            try:
                if hard:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                s.shutdown(socket.SHUT_RD if hard else socket.SHUT_RDWR)
            except OSError:
                pass
        if self.proxy.forget(self):  # the other direction's thread may still be in recv(): shutdown() has woken it
            for s in (self.client, self.server):
                s.close()


def open_socket(address):
    return socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)


class Proxy:
    """`path` and `target` are paths of unix sockets, or (host, port) of TCP; port 0 of `path` is any, filled in."""
    line_class = Line

    def __init__(self, path, target):
        self.path, self.target = path, target
        self.gates = {TO_SERVER: threading.Event(), TO_CLIENT: threading.Event()}
        self.release()
        self.lines, self.lock, self.accepts = set(), threading.Lock(), True
        self.listener = open_socket(path)
        self.listener.bind(path)
        self.listener.listen(256)
        if not isinstance(path, str):
            self.path = self.listener.getsockname()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = open_socket(self.target)
            try:
                if not self.accepts:
                    raise OSError('cut')
                server.connect(self.target)
            except OSError:
                client.close()
                server.close()
                continue
            line = self.line_class(self, client, server)
            with self.lock:
                self.lines.add(line)
            line.start()

    def forget(self, line):
        with self.lock:
            known = line in self.lines
            self.lines.discard(line)
            return known

    def hold(self, *ways):
        """Nothing passes in these directions until release()."""
        for way in ways:
            self.gates[way].clear()

    def release(self):
        for gate in self.gates.values():
            gate.set()

    def reset(self, hard=False, pid=None):
        """End every connection (`hard`: by RST; `pid`: only those of that process); new ones are taken."""
        with self.lock:
            lines = [line for line in self.lines if pid is None or line.client_pid() == pid]
        for line in lines:
            line.close(hard)

    def say(self, way, data):
        """Bytes of our own into every connection."""
        with self.lock:
            lines = list(self.lines)
        for line in lines:
            try:
                (line.server if way == TO_SERVER else line.client).sendall(data)
            except OSError:
                pass

    def close(self):
        self.release()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.reset()
        if isinstance(self.path, str) and os.path.exists(self.path):
            os.unlink(self.path)


class KillingLine(Line):
    """Passes what stands before the mark, and kills."""
    last = b''

    def forward(self, way, data, sink):
        if way == TO_CLIENT and self.proxy.mark:
            seen = self.last + data
            at = seen.find(self.proxy.mark)
            if at >= 0:
                sink.sendall(data[:max(0, at - len(self.last))])
                self.kill()
                raise OSError('killed')
            self.last = seen[-len(self.proxy.mark) + 1:]
        sink.sendall(data)

    def kill(self):
        pid = self.client_pid()
        os.kill(pid, signal.SIGKILL)
        self.proxy.killed.append(pid)


class KillingProxy(Proxy):
    """Over unix sockets: a client that is about to get the bytes `mark` dies of it, whoever it is."""
    line_class = KillingLine

    def __init__(self, path, target, mark):
        self.mark, self.killed = mark, []
        super().__init__(path, target)


class Rule:
    """What to do with a statement: `pattern` is searched in its text, `times` says how often the rule applies (None: always),
    `every` skips all but each n-th match. Actions: 'error' (answered with error `number`, the server never sees it),
    'cut_before', 'cut_after' (the server runs it, its answer is lost), 'hold' (it waits until `passes` is set)."""

    def __init__(self, pattern, action, number=0, times=1, every=1, state='HY000', text='injected'):
        self.pattern, self.action, self.number = re.compile(pattern, re.S), action, number
        self.times, self.every, self.state, self.text = times, every, state, text
        self.seen = self.done = 0
        self.passes = threading.Event()

    def takes(self, sql, line):
        """@param line  the connection: rules of other kinds look at it"""
        del line
        if (self.times is not None and self.done >= self.times) or not self.pattern.search(sql):
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.done += 1
        return True


class StatementRule(Rule):
    """One certain statement of one process: the n-th of its form, which is its text without values. None: it only writes down what
    there is, in `keys`."""

    def __init__(self, pid, key=None, action=''):
        super().__init__('', action)
        self.pid, self.key, self.keys, self.forms = pid, key, [], {}

    def takes(self, sql, line):
        if line.client_pid() != self.pid:
            return False
        form = re.sub(r"'[^']*'|[0-9]+", '#', sql)[:100]
        self.forms[form] = self.forms.get(form, 0) + 1
        self.keys.append((form, self.forms[form]))
        if self.done or self.keys[-1] != self.key:
            return False
        self.done = 1
        return True


#: commands of the protocol that carry a statement, and what stands in front of its text for the rules
STATEMENTS = {0x03: '', 0x16: 'PREPARE '}
#: rows for a prepared statement: rules see its number
ARRAY = 0xfa


def statement_of(packet):
    """Its text, as the rules look at it; None: the packet is no statement"""
    if len(packet) <= 5 or packet[3] != 0:
        return None
    if packet[4] == ARRAY:
        return 'ARRAY %d' % int.from_bytes(packet[5:9], 'little')
    prefix = STATEMENTS.get(packet[4])
    return None if prefix is None else prefix + packet[5:].decode('utf-8', 'replace')


class DatabaseLine(Line):
    def __init__(self, proxy, client, server):
        self.rest, self.loses_answer = b'', False
        super().__init__(proxy, client, server)

    def forward(self, way, data, sink):
        if way == TO_CLIENT:
            if self.loses_answer:
                self.close()
                raise OSError('cut')
            sink.sendall(data)
            return
        self.rest += data
        while len(self.rest) >= 4:
            size = int.from_bytes(self.rest[:3], 'little') + 4
            if len(self.rest) < size:
                return
            packet, self.rest = self.rest[:size], self.rest[size:]
            self.forward_packet(packet, sink)

    def forward_packet(self, packet, sink):
        statement = statement_of(packet)
        rule = self.proxy.rule_for(statement, self) if statement is not None else None
        if rule is None:
            sink.sendall(packet)
        elif rule.action == 'error':
            body = b'\xff' + struct.pack('<H', rule.number) + b'#' + rule.state.encode() + rule.text.encode()
            self.client.sendall(len(body).to_bytes(3, 'little') + b'\x01' + body)
        elif rule.action == 'hold':
            rule.passes.wait()
            sink.sendall(packet)
        elif rule.action == 'cut_after':
            self.loses_answer = True
            sink.sendall(packet)
        else:
            self.close()
            raise OSError('cut')


class DatabaseProxy(Proxy):
    """Statements are judged by the rules; the first that takes one decides."""
    line_class = DatabaseLine

    def __init__(self, path, target):
        self.rules, self.rules_lock = [], threading.Lock()
        super().__init__(path, target)

    def rule_for(self, sql, line):
        with self.rules_lock:
            return next((r for r in self.rules if r.takes(sql, line)), None)

    def set_rules(self, *rules):
        with self.rules_lock:
            self.rules = list(rules)
