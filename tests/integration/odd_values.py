"""Values that no column is made for, and what a non-strict database makes of them: it is asked itself.

The database stores each value as it was sent, at sql_mode='', in a table of the same columns that nobody else writes: an oracle that
shares no code with the product."""
import re
from xml.sax.saxutils import escape

LONG_MAX = 70000  # longer texts would take seconds and show nothing else

#: kind -> value, or a function of the column's length in characters
KINDS = {
    'longer': lambda n: 'x' * (min(n, LONG_MAX) + 1),
    'longer, two bytes': lambda n: '\u00e4' * (min(n, LONG_MAX // 2) + 1),
    'longer, four bytes': lambda n: '\U0001f600' * (min(n, LONG_MAX // 4) + 1),
    'four bytes': 'smile \U0001f600 end',
    'wrong type': 'no number',
    'number and text': '12 apples',
    'negative': '-1',
    '2^31': '2147483648',
    '-2^31-1': '-2147483649',
    '2^63': '9223372036854775808',
    '-2^63-1': '-9223372036854775809',
    'decimal': '1234567.891e1',
    'bad date': '2020-02-30 25:61:61',
    'bad date, slashes': '2020/13/45 10:00:00',
    'other date': '31/12/2008',
    'empty': '',
    'NUL': 'nul\0here\1',
    'no UTF-8': b'caf\xe9 x',
    'quotes': 'a\'b"c\\d`e%_;-- \\\' \\',
}


def value_of(kind, length):
    value = KINDS[kind]
    return value(length) if callable(value) else value


def in_document(value):
    """As bytes of XML."""
    return value if isinstance(value, bytes) else escape(value).encode()


def received(value):
    """What is left of it when the document was read: text, with repairs."""
    text = value.decode('utf-8', 'replace') if isinstance(value, bytes) else value
    return re.sub('[\0-\x08]', '', text)


class Column:
    def __init__(self, name, kind, length, nullable):
        self.name, self.kind, self.nullable = name, kind, nullable
        self.length = int(length) if length != 'NULL' else 20

    def good(self, number):
        """A value that fits, another one for each number."""
        if self.kind in ('date', 'datetime', 'timestamp'):
            return '20%02d-01-02%s' % (number % 100, '' if self.kind == 'date' else ' 03:04:05')
        if self.kind == 'decimal':
            return '%d.50' % (number % 100)
        if 'int' in self.kind:
            return str(number % 100)
        return ('g%d' % number)[:self.length]


def columns_of(muster, table):
    rows = muster.sql("SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE FROM information_schema.COLUMNS "
                      "WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME='%s' ORDER BY ORDINAL_POSITION" % table)
    return [Column(name, kind, length, nullable == 'YES') for name, kind, length, nullable in rows]


def literal(text):
    """A character string whatever sql_mode thinks of quotes and backslashes."""
    return 'NULL' if text is None else "_utf8mb4 X'%s'" % text.encode().hex()


def as_hex(expression):
    return "COALESCE(HEX(CONVERT(CAST(%s AS CHAR) USING utf8mb4)),'NULL')" % expression


class Oracle:
    """What the database itself stores for whole rows; the tables stand in a schema of their own."""

    def __init__(self, muster):
        self.muster, self.count = muster, 0
        self.place = muster.one('SELECT DATABASE()') + '_odd'
        muster.sql('CREATE DATABASE %s CHARACTER SET utf8mb4' % self.place)

    def stored(self, columns, rows):
        """Rows as stored, as lists of hexadecimal text. `columns`: (table, column) of each value."""
        self.count += 1
        name, names = '%s.t%d' % (self.place, self.count), ['c%d' % i for i in range(len(columns))]
        tables = sorted({t for t, _ in columns})
        self.muster.sql('CREATE TABLE %s SELECT 0 AS n, %s FROM %s LIMIT 0' % (
            name, ', '.join('`%s`.`%s` AS c%d' % (t, c, i) for i, (t, c) in enumerate(columns)), ', '.join('`%s`' % t for t in tables)))
        script = ["SET SESSION sql_mode=''; SET NAMES utf8mb4; START TRANSACTION;"]
        for number, row in enumerate(rows):
            script.append('INSERT INTO %s VALUES (%d,%s);' % (name, number, ','.join(map(literal, row))))
        self.muster.script('\n'.join(script + ['COMMIT;']))
        return [r[1:] for r in self.muster.sql('SELECT n, %s FROM %s ORDER BY n' % (', '.join(map(as_hex, names)), name))]
