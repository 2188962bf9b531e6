"""What a hostile request does to an installation: rows, quarantine, counters, memory and time of each service."""
import glob
import json
import os
import re
import socket
import tempfile
import threading

from harness import wait_for

PAGE_TABLES = 'operators, config, deploy, devices, `groups`, groups_cache, locks, download_history, deleted_equiv, tag'
TICKS = os.sysconf('SC_CLK_TCK')


class Trap:
    """Listens where external entities point to; nobody may call. Who needs a certain port waits until another run has left it."""

    def __init__(self, port=0):
        self.calls = 0
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_for('port %d' % port, lambda: self.bind(port), 600)
        self.socket.listen()
        self.address = '127.0.0.1:%d' % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def bind(self, port):
        try:
            self.socket.bind(('127.0.0.1', port))
        except OSError:
            return False
        return True

    def listen(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class Bait:
    """A file that nobody may read: its time of access tells. (An old one, so that a file system that notes it rarely notes it now.)"""

    def __init__(self):
        fd, self.path = tempfile.mkstemp(prefix='muster-bait-')
        os.write(fd, b'secret')
        os.close(fd)
        self.renew()
        with open(self.path) as f:
            f.read()
        self.tells = self.was_read()
        if not self.tells:
            print('SKIPPED: whether files are read, for this file system does not note it')
        self.renew()

    def renew(self):
        os.utime(self.path, (1000, 2000))

    def was_read(self):
        return os.stat(self.path).st_atime != 1000

    def close(self):
        os.remove(self.path)


class Watch:
    def __init__(self, muster):
        self.s = muster
        self.pids = {x['name']: x['pid'] for x in muster.state['services'] if x['service'] != 'mariadb'}
        self.kinds = {x['name']: x['service'] for x in muster.state['services']}
        self.peak = {name: 0 for name in self.pids}
        self.peak_case = {name: '' for name in self.pids}

    # ---- rows ----

    def devices(self):
        """DEVICEID (as bytes) -> ID, without groups and such."""
        rows = self.s.sql("SELECT HEX(DEVICEID), ID FROM hardware WHERE DEVICEID NOT LIKE '\\_%'")
        return {bytes.fromhex(h): int(n) for h, n in rows}

    def rows_of(self, number, tables):
        union = ' UNION ALL '.join("SELECT '%s', COUNT(*) FROM %s WHERE HARDWARE_ID=%d" % (t, t, number) for t in tables)
        return {t: int(n) for t, n in self.s.sql(union)}

    def fingerprint(self, number, tables):
        """Of all that is stored about one device."""
        rows = self.s.sql('SELECT * FROM hardware WHERE ID=%d' % number)
        for t in sorted(tables):
            rows += self.s.sql('SELECT * FROM %s WHERE HARDWARE_ID=%d ORDER BY 1, 2' % (t, number))
        return rows

    def others(self):
        """Checksums of tables that no agent may change."""
        return self.s.sql('CHECKSUM TABLE ' + PAGE_TABLES)

    # ---- quarantine and counters ----

    def quarantine(self):
        """File -> reason code of what lies in quarantine."""
        out = {}
        for path in glob.glob(os.path.join(self.s.folder, 'spool', '*', 'quarantine', '*.reason')):
            with open(path, errors='replace') as f:
                out[path] = f.readline().strip()
        return out

    def counters(self):
        """Every counter of every service, summed over services of a kind, as /metrics names it."""
        out = {}
        for service in self.services():
            for name, value in service.get('metrics', {}).items():
                out[name] = out.get(name, 0) + value
        return out

    def services(self):
        return json.loads(self.s.muster('status', '--json', check=False).stdout)['services']

    # ---- processes ----

    def begin(self):
        """Forget how high memory was, where the system allows it."""
        for pid in self.pids.values():
            try:
                with open('/proc/%d/clear_refs' % pid, 'w') as f:
                    f.write('5')
            except OSError:
                pass
        self.cpu_before = {name: self.cpu(pid) for name, pid in self.pids.items()}

    def end(self, case):
        """MiB and CPU seconds of the service that needed most."""
        used = {}
        for name, pid in self.pids.items():
            used[name] = self.high_water(pid)
            if used[name] > self.peak[name]:
                self.peak[name], self.peak_case[name] = used[name], case
        cpu = {name: self.cpu(pid) - self.cpu_before[name] for name, pid in self.pids.items()}
        return max(used.values()), max(cpu.values())

    def high_water(self, pid):
        with open('/proc/%d/status' % pid) as f:
            return int(re.search(r'VmHWM:\s+(\d+)', f.read()).group(1)) // 1024

    def cpu(self, pid):
        with open('/proc/%d/stat' % pid) as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def alive(self):
        """Whether the processes are those that we began with, and all ready."""
        now = {x['name']: x['pid'] for x in self.services() if x['service'] != 'mariadb'}
        return now == self.pids

    def wait_ready(self):
        self.s.wait_ready()
