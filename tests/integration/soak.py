"""A long run under a steady load (faults.md 102): memory and descriptors must not grow, timers must not drift. Not part of the suite:

    python3 -B soak.py MINUTES [AGENTS-A-SECOND]

The same devices come again and again, a part of each inventory is new. Exit status 1: something grows.
"""
import http.client
import itertools
import sys
import time
import zlib

from harness import AGENT, Muster, inventory, prolog, table
from hostile_watch import Watch
from test_database_away import resident
from test_operations import descriptors, port_of

DEVICES = 500
SAMPLES = 120
#: KiB a day that a service may seem to grow by, from the second half of the run: an allocator's noise and no leak. One that loses
#: 100 bytes with each inventory at 20 a second would lose 165,000.
SLOPE_MAX = 40000
OPTIONS = 'muster_gateway_options_read_total'


def slope(points):
    """Of the straight line through (x, y) with the least squares."""
    mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def content(number, turn):
    return ('<HARDWARE><NAME>soak</NAME><MEMORY>%d</MEMORY></HARDWARE><BIOS><SSN>%d</SSN></BIOS>' % (turn, number) + ''.join(
        '<SOFTWARES><NAME>program %d</NAME><VERSION>%d</VERSION></SOFTWARES>' % (i, turn if i < 3 else 1) for i in range(40)))


def ask(port, body):
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    c.request('POST', '/ocsinventory', body=zlib.compress(body.encode()), headers={'User-Agent': AGENT})
    status = c.getresponse().status
    c.close()
    return status


class Soak:
    def __init__(self, s, seconds, rate):
        self.s, self.watch, self.seconds, self.rate = s, Watch(s), seconds, rate
        self.samples, self.bad, self.count = [], 0, 0

    def sample(self, now):
        self.samples.append((now, {n: (resident(p), descriptors(p)) for n, p in self.watch.pids.items()}, self.s.metric(OPTIONS)))

    def run(self):
        begun, sampled, port = time.monotonic(), 0, port_of(self.s)
        for self.count in itertools.count(1):
            now = time.monotonic() - begun
            if now > self.seconds:
                return
            if now > sampled * self.seconds / SAMPLES:
                sampled += 1
                self.sample(now)
            device, turn = 'soak%d-2026-01-02-03-04-05' % (self.count % DEVICES), self.count // DEVICES
            self.bad += [ask(port, prolog(device)), ask(port, inventory(device, content(self.count % DEVICES, turn)))] != [200, 200]
            time.sleep(max(0.0, begun + self.count / self.rate - time.monotonic()))

    def growth(self):
        """Rows: service, KiB at the half and at the end, KiB a day, descriptors at the half and at the end."""
        half = self.samples[len(self.samples) // 2:]
        for name in sorted(self.watch.pids):
            points = [(now / 86400, of[name][0]) for now, of, _ in half]
            first, last = half[0][1][name], half[-1][1][name]
            yield [name, first[0], last[0], round(slope(points)), first[1], last[1]]

    def drift(self):
        """How often options were read in the last quarter, for each time in the second one."""
        quarter = len(self.samples) // 4
        rate = [(self.samples[b - 1][2] - self.samples[a][2]) / (self.samples[b - 1][0] - self.samples[a][0]) for a, b in (
            (quarter, 2 * quarter), (3 * quarter, 4 * quarter))]
        return rate[1] / rate[0]


def main():
    seconds, rate = float(sys.argv[1]) * 60, float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    with Muster() as s:
        soak = Soak(s, seconds, rate)
        soak.run()
        s.drain(300)
        alive, rows = soak.watch.alive(), list(soak.growth())
    table('%.0f minutes, %d agents, %d of them failed' % (seconds / 60, soak.count, soak.bad),
          ['service', 'KiB at half', 'at the end', 'KiB a day', 'descriptors', 'at the end'], rows)
    print('timers: %.3f times in the last quarter for each in the second' % soak.drift())
    wrong = [r for r in rows if r[3] > SLOPE_MAX or r[5] > r[4] + 4]
    return 1 if wrong or soak.bad or not alive or not 0.95 < soak.drift() < 1.05 else 0


if __name__ == '__main__':
    sys.exit(main())
