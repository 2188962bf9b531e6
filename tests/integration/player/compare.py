"""What differs between what was expected and what is there."""
import collections
import json

from player.state import row_key

#: rows that agree in less than this are two rows, not one that changed
ALIKE = 0.4
#: more pairs than this are not compared with each other
PAIRS_MAX = 40000

#: table may also be status, encoding, reply or headers; column '*' is a whole row; device and column may be ''
Difference = collections.namedtuple('Difference', 'table device column expected got')


def rows_of(keys):
    return [json.loads(key) for key in sorted(keys)]


def count_rows(rows):
    return collections.Counter(row_key(row) for row in rows)


def apply(state, changes):
    """The state after rows vanished ('-') and appeared ('+')."""
    out = dict(state)
    for table, change in changes.items():
        left = count_rows(state.get(table, [])) - count_rows(change.get('-', [])) + count_rows(change.get('+', []))
        out[table] = rows_of(left.elements())
        if not out[table]:
            del out[table]
    return out


def owner(row):
    return row.get('DEVICE') or row.get('DEVICEID') or ''


def likeness(a, b):
    names = set(a) | set(b)
    return sum(a.get(n) == b.get(n) for n in names) / (len(names) or 1)


def pair_up(table, missing, surplus):
    """Pairs (i, j) of rows that are the same row with other values, the most alike first."""
    if len(missing) * len(surplus) > PAIRS_MAX:
        return {}
    close = [(likeness(a, b), -i, -j) for i, a in enumerate(missing) for j, b in enumerate(surplus)
             if (a.get('DEVICE'), a.get('DEVICEID')) == (b.get('DEVICE'), b.get('DEVICEID'))]
    pairs = {}
    for alike, i, j in sorted(close, reverse=True):
        if -i not in pairs and -j not in pairs.values() and (alike >= ALIKE or table == 'hardware'):
            pairs[-i] = -j
    return pairs


def compare_table(table, want, got):
    want, got = count_rows(want), count_rows(got)
    missing, surplus = rows_of((want - got).elements()), rows_of((got - want).elements())
    pairs = pair_up(table, missing, surplus)
    for i, j in pairs.items():
        for column in sorted(set(missing[i]) | set(surplus[j])):
            expected, there = missing[i].get(column), surplus[j].get(column)
            if expected != there:
                yield Difference(table, owner(missing[i]), column, expected, there)
    for i, row in enumerate(missing):
        if i not in pairs:
            yield Difference(table, owner(row), '*', row_key(row), 'no row')
    for j, row in enumerate(surplus):
        if j not in pairs.values():
            yield Difference(table, owner(row), '*', 'no row', row_key(row))


def compare_states(want, got):
    return [d for table in sorted(set(want) | set(got)) for d in compare_table(table, want.get(table, []), got.get(table, []))]


def compare_answers(want, got):
    out = [Difference(part, '', '', want.get(part), got.get(part)) for part in ('status', 'encoding', 'headers')
           if want.get(part) != got.get(part)]
    if want.get('reply') != got.get('reply'):
        expected = collections.Counter(want.get('reply') or [])
        there = collections.Counter(got.get('reply') or [])
        out.append(Difference('reply', '', '', '\n'.join((expected - there).elements()) or '(the same lines, nested otherwise)',
                              '\n'.join((there - expected).elements())))
    return out
