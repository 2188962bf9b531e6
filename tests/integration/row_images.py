"""What was really written: the row images of the database's binary log, as mariadb-binlog prints them."""
import re

from harness import run

#: for the private database: every write goes to the log, as the whole row before and after
OPTIONS = '--log-bin=images --binlog-format=ROW --binlog-row-image=FULL --server-id=1'

_BEGIN = re.compile(r'### (INSERT INTO|UPDATE|DELETE FROM) `[^`]*`\.`([^`]*)`')
_VALUE = re.compile(r'###   @(\d+)=(.*)')


class Change:
    """One row: `kind` INSERT, UPDATE or DELETE; values by column number before and after."""

    def __init__(self, kind, table):
        self.kind, self.table, self.before, self.after = kind, table, {}, {}

    def columns(self):
        """Numbers of the columns that an UPDATE changed."""
        return {n for n in set(self.before) | set(self.after) if self.before.get(n) != self.after.get(n)}


def parse(text):
    """Text values go over several lines; what does not look like a line of mariadb-binlog belongs to the value before."""
    changes, side = [], None
    for line in text.splitlines():
        begin, value = _BEGIN.match(line), _VALUE.match(line)
        if begin:
            changes.append(Change(begin.group(1).split()[0], begin.group(2)))
        elif line == '### SET':
            side = changes[-1].after
        elif line == '### WHERE':
            side = changes[-1].before
        elif value and side is not None:
            side[int(value.group(1))] = value.group(2)
    return changes


class Images:
    """Reads from a position on; the database is that of a Muster whose private MariaDB has OPTIONS."""

    def __init__(self, muster):
        self.muster = muster
        rows = muster.sql("SELECT TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE()")
        self.names = {(table, int(number)): name for table, number, name in rows}

    def start(self):
        """From here on, in a file of its own."""
        self.muster.sql('FLUSH BINARY LOGS')
        self.file = self.muster.sql('SHOW MASTER STATUS')[0][0]

    def changes(self):
        done = run('mariadb-binlog', '--no-defaults', '--verbose', '--base64-output=DECODE-ROWS',
                   self.muster.one('SELECT @@datadir') + self.file)
        return parse(done.stdout)

    def summary(self):
        """'UPDATE hardware LASTDATE' -> how often; of INSERT and DELETE without columns."""
        out = {}
        for c in self.changes():
            names = sorted(self.names.get((c.table, n), '@%d' % n) for n in c.columns()) if c.kind == 'UPDATE' else []
            key = ' '.join([c.kind, c.table] + names)
            out[key] = out.get(key, 0) + 1
        return out
