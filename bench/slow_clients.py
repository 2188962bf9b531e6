#!/usr/bin/env python3
"""What 5,000 slow connections cost an honest agent: the latency of a PROLOG with and without them, in one run.

usage: bench/slow_clients.py [--slow 5000] [--requests 400] [--rounds 5]     (needs build/release)

Rounds with and without alternate, so that whatever else the machine does concerns both alike. The slow clients are a process of
their own with the lowest priority: they stand for other machines.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'tests', 'integration'))

from harness import Muster  # noqa: E402


class Attack:
    """slow_clients.py in a process of its own."""

    def __init__(self, port, count):
        program = os.path.join(HERE, os.pardir, 'tests', 'integration', 'slow_clients.py')
        self.process = subprocess.Popen([sys.executable, '-B', program, str(port), str(count), '10'], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != 'full':
            sys.exit('the slow connections could not be opened')

    def end(self):
        self.process.stdin.close()
        return int(self.process.stdout.readline())


def latencies(s, count, name):
    out = []
    for i in range(count):
        begin = time.monotonic()
        if s.prolog('%s%d-2026-01-02-03-04-05' % (name, i)).status != 200:
            sys.exit('an honest agent was not served')
        out.append((time.monotonic() - begin) * 1000)
    return out


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(len(values) * q))]


def main():
    ap = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1])
    ap.add_argument('--slow', type=int, default=5000)
    ap.add_argument('--requests', type=int, default=400)
    ap.add_argument('--rounds', type=int, default=5)
    args = ap.parse_args()
    ratios = []
    with Muster() as s:
        port = int(s.http.split(':')[2].split('/')[0])
        latencies(s, 100, 'warm')
        print('%-6s %10s %10s %10s %10s %8s %8s %9s' % ('round', 'p50 alone', 'p50 slow', 'p99 alone', 'p99 slow', 'p50 x', 'p99 x', 'closed'))
        for n in range(args.rounds):
            alone = latencies(s, args.requests, 'alone')
            attack = Attack(port, args.slow)
            among = latencies(s, args.requests, 'slow')
            closed = attack.end()
            a50, b50, a99, b99 = (quantile(v, q) for q in (0.5, 0.99) for v in (alone, among))
            ratios.append((b50 / a50, b99 / a99))
            print('%-6d %8.2fms %8.2fms %8.2fms %8.2fms %8.2f %8.2f %9d' % (n + 1, a50, b50, a99, b99, *ratios[-1], closed))
    p50, p99 = (statistics.median(r) for r in zip(*ratios))
    print('median ratio with %d slow connections: p50 %.2f, p99 %.2f (aim: below 2)' % (args.slow, p50, p99))
    return 0 if p50 < 2 else 1


if __name__ == '__main__':
    sys.exit(main())
