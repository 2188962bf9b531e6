"""The canonical state of the database: {table: [row]}, a row being {COLUMN: text} without what is NULL.

Two databases that hold the same have the same state, whatever ids they gave and whenever it was. Devices are named by their
DEVICEID; `<gone X>` is a device that was deleted during the scenario, `<unknown id>` one that never was. `<now>` is a time within
five minutes, `<now-3d>` that many days ago.
"""
import collections
import datetime
import json
import re
import time

from player.tables import (COMPARED, DEVICE_COLUMNS, DEVICES_TOO, EXPRESSIONS, LEFT_OUT, NOT_DEVICES, SECONDS, SNMP_CORE, TIMES)

NEAR_S = 300
DAY_S = 86400
DAYS_MAX = 60
CTIME = re.compile(r'[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$')


def row_key(row):
    """Text that is the same for equal rows; rows are sorted by it."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False)


def relative_time(text, now):
    try:
        then = datetime.datetime.strptime(text[:19], '%Y-%m-%d %H:%M:%S')
    except ValueError:
        return text
    seconds = (now - then).total_seconds()
    days = round(seconds / DAY_S)
    if abs(seconds - days * DAY_S) > NEAR_S or not -1 <= days <= DAYS_MAX:
        return text
    return '<now-%dd>' % days if days else '<now>'


def normal(table, column, text, now):
    """A value without what differs from run to run."""
    if (table, column) in TIMES:
        return relative_time(text, now)
    if (table, column) in SECONDS:
        return '<now>' if text.isdigit() and abs(int(text) - time.time()) <= NEAR_S else text
    if (table, column) == ('software', 'INSTALLDATE') and text[:10] == now.strftime('%Y-%m-%d') and text[10:] in ('', ' 00:00:00'):
        return '<today>' + text[10:]
    if (table, column) == ('hardware', 'QUALITY'):
        return '%.2f' % float(text)
    if (table, column) == ('devices', 'COMMENTS') and CTIME.match(text):
        return '<now as ctime>'
    return re.sub(r'\b(HASH|ARRAY)\(0x[0-9a-f]+\)', r'\1(0x)', text)


def expression(table, column):
    return EXPRESSIONS.get((table, column.upper()), 'CAST(t.`%s` AS CHAR)' % column)


def output_name(table, column):
    """The name of a column in the state; hardware.ID has none, but it names devices everywhere."""
    column = column.upper()
    if column in DEVICE_COLUMNS and (table, column) not in NOT_DEVICES:
        return DEVICE_COLUMNS[column]
    if (table, column) in EXPRESSIONS and column.endswith('_ID'):
        return column[:-len('_ID')]
    return column


class States:
    """Reads states; remembers which ids devices and packages had, for what still names them when they are gone."""

    def __init__(self, database):
        self.database = database
        self.look()
        self.forget()

    def forget(self):
        self.devices, self.packages = {}, {}

    def look(self):
        """Read which tables and columns there are: a scenario may add some."""
        self.columns = self.database.columns()
        self.snmp_types = [t for t in self.columns if t.startswith('snmp_') and t not in SNMP_CORE]
        self.tables = {}
        for table in [t for t in COMPARED + self.snmp_types if t in self.columns]:
            self.tables[table] = [c for c, _ in self.columns[table] if (table, c.upper()) not in LEFT_OUT
                                  and (c.upper() != 'ID' or table == 'hardware')]
        self.statements = ["SELECT JSON_ARRAY('%s',%s) FROM `%s` t" % (t, ','.join(expression(t, c) for c in columns), t)
                           for t, columns in self.tables.items()]

    def read(self):
        answers = self.database.ask("SELECT DATE_FORMAT(NOW(),'%Y-%m-%d %H:%i:%s')",
                                    "SELECT JSON_ARRAY('download_enable of ids',ID,FILEID) FROM download_enable", *self.statements)
        now = datetime.datetime.strptime(answers[0], '%Y-%m-%d %H:%M:%S')
        found = collections.defaultdict(list)
        for line in answers[1:]:
            table, *values = json.loads(line, strict=False)
            found[table].append(values)
        self.packages.update({str(i): fileid for i, fileid in found.pop('download_enable of ids', [])})
        alive = self.meet_devices(found['hardware'])
        state = {}
        for table, columns in self.tables.items():
            rows = [self.row(table, columns, values, now, alive) for values in found[table]]
            if rows:
                state[table] = sorted(rows, key=row_key)
        return state

    def meet_devices(self, rows):
        """Note the names of all devices; the ids of those that there are now."""
        at = {c.upper(): i for i, c in enumerate(self.tables['hardware'])}
        for values in rows:
            name = values[at['DEVICEID']] or ''
            if name.startswith('_'):  # a group: all groups share the DEVICEID
                name += ':' + (values[at['NAME']] or '')
            self.devices[values[at['ID']]] = name
        return {values[at['ID']] for values in rows}

    def device(self, number, alive):
        if number == '0':
            return number
        name = self.devices.get(number)
        if number in alive:
            return name
        return '<gone %s>' % name if name else '<unknown id>'

    def row(self, table, columns, values, now, alive):
        out = {}
        for column, value in zip(columns, values):
            column = column.upper()
            if value is None or (table, column) == ('hardware', 'ID'):
                continue
            name = output_name(table, column)
            if name in DEVICE_COLUMNS.values() and name != column or (table, column) in DEVICES_TOO:
                value = self.device(value, alive)
            elif (table, column) == ('devices', 'IVALUE') and value.startswith('<gone '):
                value = '<gone package %s>' % self.packages.get(value[len('<gone '):], 'unknown')
            elif name == column:
                value = normal(table, column, value, now)
            out[name] = value
        return out
