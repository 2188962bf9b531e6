"""Requests as a hostile client makes them: every byte, and every pause, is the caller's. Used by the hostile tests."""
import re
import select
import socket
import time


class Answer:
    """What came back until the server closed, fell silent for good, or time was over."""

    def __init__(self):
        self.raw, self.closed, self.seconds = b'', False, 0.0

    @property
    def statuses(self):
        """Of every answer on the connection; 100 Continue does not count."""
        out, at = [], 0
        while True:
            head = re.compile(rb'HTTP/1\.[01] (\d\d\d)[^\r]*\r\n(.*?\r\n)??\r\n', re.S).match(self.raw, at)
            if not head:
                return out
            length = re.search(rb'(?im)^content-length: *(\d+)', head.group(2) or b'')
            at = head.end() + int(length.group(1) if length else 0)
            if head.group(1) != b'100':
                out.append(int(head.group(1)))

    @property
    def status(self):
        """The last one; 0: none."""
        return (self.statuses or [0])[-1]


def head_of(method, path, headers):
    lines = ['%s %s HTTP/1.1' % (method, path)] + ['%s: %s' % h for h in headers]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')


def chunks_of(body, size):
    out = [b'%x\r\n%s\r\n' % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size)]
    return b''.join(out) + b'0\r\n\r\n'


def post(body, headers=(), path='/ocsinventory', method='POST', agent='OCS-NG_unified_unix_agent_v2.10.5', length=None):
    """The bytes of a plain request whose connection ends with it."""
    named = [h[0].lower() for h in headers]
    usual = [('Host', 'localhost'), ('Connection', 'close'), ('Content-Type', 'application/x-compress')]
    if agent is not None:
        usual.append(('User-Agent', agent))
    usual = [h for h in usual if h[0].lower() not in named]
    if not {'content-length', 'transfer-encoding'} & set(named):
        usual.append(('Content-Length', len(body) if length is None else length))
    return head_of(method, path, usual + list(headers)) + body


def converse(port, pieces, timeout=60, half_close=False):
    """Send `pieces` (bytes, or numbers: seconds to wait) and read until the server closes.

    @param half_close  say after the last byte that nothing more comes
    """
    answer = Answer()
    s = socket.create_connection(('127.0.0.1', port), timeout=timeout)
    s.setblocking(False)
    queue = [p if isinstance(p, (int, float)) else memoryview(p) for p in pieces]
    begin = last = time.monotonic()
    wait_until = 0
    while not answer.closed and time.monotonic() - begin < timeout:
        now = time.monotonic()
        if queue and isinstance(queue[0], (int, float)):
            wait_until = now + queue.pop(0)
        sending = bool(queue) and now >= wait_until
        pause = max(0.0, wait_until - now) if queue and not sending else 0.5
        readable, writable, _ = select.select([s], [s] if sending else [], [], pause)
        if readable:
            read_some(s, answer)
        if writable and queue:
            queue, last = send_some(s, queue), time.monotonic()
            if not queue and half_close:
                s.shutdown(socket.SHUT_WR)
    s.close()
    answer.seconds = time.monotonic() - last
    return answer


def read_some(s, answer):
    try:
        got = s.recv(1 << 16)
    except (BlockingIOError, InterruptedError):
        return
    except ConnectionError:
        got = b''
    answer.raw += got
    answer.closed = not got


def send_some(s, queue):
    try:
        sent = s.send(queue[0])
    except (BlockingIOError, InterruptedError):
        return queue
    except ConnectionError:
        return []  # refused before it was sent: the answer is what counts
    rest = queue[0][sent:]
    return [rest] + queue[1:] if len(rest) else queue[1:]
