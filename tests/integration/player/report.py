"""What a run says: how much was compared, what is equal, and why the rest is not."""
import collections

from harness import table

TEXT_MAX = 500


def cut(value):
    text = 'NULL' if value is None else str(value)
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + '...'


def place(difference):
    column = '' if difference.column in ('', '*') else '.' + difference.column
    device = ' of ' + difference.device if difference.device else ''
    return difference.table + column + device


def describe(scenario, step, difference):
    indent = '\n' + ' ' * 18
    return '%s [%s] %s\n        expected: %s\n        got:      %s' % (
        scenario, step, place(difference), cut(difference.expected).replace('\n', indent),
        cut(difference.got).replace('\n', indent))


def show(title, results):
    """Print the tables of a run."""
    total = {f: sum(getattr(r, f) for r in results) for f in ('steps', 'requests', 'tables', 'rows')}
    equal = sum(not r.undocumented and not r.documented for r in results)
    documented = sum(bool(r.documented) and not r.undocumented for r in results)
    table(title, ['what', 'number'], [
        ['scenarios', len(results)], ['equal', equal], ['equal but for documented differences', documented],
        ['different', len(results) - equal - documented], ['steps', total['steps']], ['requests', total['requests']],
        ['tables compared', total['tables']], ['rows compared', total['rows']]])
    counts, reasons = collections.Counter(), {}
    for entry, _, _ in [d for r in results for d in r.documented]:
        counts[entry['entry'], entry['reason']] += 1
    table('documented differences', ['entry', 'occurs', 'reason'],
          [[entry, n, reason] for (entry, reason), n in sorted(counts.items())])


def faults(results):
    """One text with every difference that is not documented; '' when there is none."""
    return '\n'.join(describe(r.scenario, step, d) for r in results for step, d in r.undocumented)
