"""Hostile requests of our own: what is wrong is how they are sent. See hostile_cases.py for what a case says.

`pieces` are the bytes of the connection, with pauses between them. A request that is smuggled in is an upload of the device
STOWAWAY: it must never be stored.
"""
import zlib

import hostile_wire as wire
from hostile_cases import Case, document, names, packed

STOWAWAY = 'stowaway-2026-01-02-03-04-05'
TYPE = ('Content-Type', 'application/x-compress')
HOST = ('Host', 'localhost')


def smuggled():
    return wire.post(zlib.compress(document('x', device=STOWAWAY).encode()))


def request(headers, body=b''):
    return wire.head_of('POST', '/ocsinventory', [HOST, TYPE] + list(headers)) + body


def refused(name, pieces, why, faults, answer=400, **more):
    """@param why reason of common/http when it starts with 'http:', else of the gateway; None: h2o's own refusal"""
    return Case(name, b'', answer, 'nothing', why, pieces=pieces if isinstance(pieces, list) else [pieces], faults=faults,
                **more)


def lengths():
    body = packed('length-longer')
    yield Case('length-longer-and-gone', b'', None, 'nothing', pieces=[wire.post(body[:-9], length=len(body) + 1000), 0.5, body[-9:]], half_close=True,
               counts=('muster_http_closed_total{reason="short_body"}',), faults=(1,))
    yield refused('length-longer', [wire.post(body, length=len(body) + 1000)], 'http:slow', (1,), 408)
    yield refused('length-shorter', [request([('Content-Length', 20)], packed('length-shorter'))], None, (2,))
    yield refused('length-twice-equal', [request([('Content-Length', 5), ('Content-Length', 5)], b'abcde' + smuggled())], 'http:framing', (3,))
    yield refused('length-twice', [request([('Content-Length', 0), ('Content-Length', 9)], smuggled())], 'http:framing', (3,))
    yield refused('length-and-chunked', [request([('Content-Length', 9), ('Transfer-Encoding', 'chunked')], b'0\r\n\r\n' + smuggled())],
                  'http:framing', (4,))
    yield refused('length-absurd', [request([('Content-Length', 9999999999999)], b'x')], 'http:body_too_big', (29,), 413)
    yield refused('length-negative', [request([('Content-Length', '-1')], smuggled())], 'http:malformed', (3,))
    for i, coding in enumerate(('gzip', 'chunked, identity', 'xchunked')):
        yield refused('coding-%d' % i, [request([('Transfer-Encoding', coding)], b'0\r\n\r\n' + smuggled())], 'http:malformed', (5,))
    chunked = [('Transfer-Encoding', 'chunked')]
    whole = b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body)
    for name, sent, fault in (('size-17-digits', b'10000000000000000\r\n\r\n', 8), ('size-of-16-f', b'FFFFFFFFFFFFFFFF\r\n', 8),
                              ('bare-lf-size', whole.replace(b'\r\n', b'\n', 1), 7), ('bare-lf-end', whole[:-4] + b'\n\n', 7),
                              ('bare-lf-everywhere', b'%x\n%s\n0\n\n' % (len(body), body), 7),
                              ('extension-64k', whole.replace(b'\r\n', b';' + b'x' * 65536 + b'\r\n', 1), 9),
                              ('extensions-64k', b''.join(b'1;%s\r\nx\r\n' % (b'y' * 60) for _ in range(1100)), 9),
                              ('trailer-64k', whole[:-2] + b'X: ' + b'x' * 65536 + b'\r\n\r\n', 9),
                              ('trailers-64k', whole[:-2] + b'X: x\r\n' * 16384 + b'\r\n', 9)):
        yield refused('chunk-' + name, [request(chunked, sent + smuggled())], 'http:malformed', (fault,), soon=1)
    yield Case('chunks-of-one', b'', headers=chunked, pieces=[wire.post(wire.chunks_of(packed('chunks-of-one'), 1), chunked)], rows=names(),
               faults=(6,))
    yield Case('chunk-extension', b'', pieces=[wire.post(b'%x;a=b\r\n%s\r\n0\r\n\r\n' % (
        len(packed('chunk-extension')), packed('chunk-extension')), chunked)], faults=(9,))


def heads():
    ok = packed('host-missing')
    yield Case('host-missing', b'', pieces=[wire.head_of('POST', '/ocsinventory', [('Connection', 'close'), ('Content-Length', len(ok))]) + ok],
               faults=(10,))
    yield refused('host-twice', [request([HOST, ('Content-Length', 0)], smuggled())], 'http:framing', (10,))
    yield refused('header-70k', [request([('X', 'x' * 70000), ('Content-Length', 0)])], 'http:header', (11,), 431)
    yield refused('headers-200', [request([('X-%d' % i, 'x') for i in range(200)])], 'http:malformed', (11,))
    yield refused('nul-in-header', [request([('X', 'a\0b')])], 'http:malformed', (12,))
    yield refused('cr-in-header', [request([('X', 'a\rb')])], 'http:malformed', (12,))
    yield refused('bare-lf', [b'POST /ocsinventory HTTP/1.1\nHost: x\nContent-Length: 0\n\n' + smuggled()], 'http:framing', (12,))
    yield refused('h2-preface', [b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 'http:malformed', (13,), None)
    yield Case('upgrade-h2c', packed('upgrade-h2c'), headers=[('Upgrade', 'h2c'), ('HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA')], faults=(13,))
    yield Case('expect', packed('expect'), headers=[('Expect', '100-continue')], faults=(15,))
    yield refused('expect-too-much', [request([('Expect', '100-continue'), ('Content-Length', 1 << 40)])], 'http:body_too_big', (15,), 413)
    yield refused('expect-odd', [request([('Expect', 'wonders'), ('Content-Length', 3)], b'abc')], 'http:expectation', (15,), 417)
    yield Case('forwarded-for', packed('forwarded-for'), headers=[('X-Forwarded-For', "1.2.3.4', '5'); --")] * 40,
               rows=[("SELECT COUNT(*) FROM hardware WHERE ID={id} AND IPSRC='127.0.0.1'", '1')], faults=(23,))
    yield Case('forwarded-for-1000', packed('forwarded-for-1000'), headers=[('X-Forwarded-For', ', '.join('9.9.%d.%d' % (i // 250, i % 250) for i in range(1000)))],
               rows=[("SELECT COUNT(*) FROM hardware WHERE ID={id} AND IPSRC='127.0.0.1'", '1')], faults=(23,))
    for name, host in (('empty', ''), ('colon', ':'), ('bracket', '['), ('port', 'localhost:99999999999'), ('markup', '<b>"\'')):
        yield Case('host-' + name, packed('host-' + name), headers=[('Host', host)], faults=(10,))
    yield Case('absolute-form', b'', pieces=[wire.post(packed('absolute-form'), path='http://localhost/ocsinventory')], faults=(10,))
    yield Case('agent-none', b'', pieces=[wire.post(packed('agent-none'), agent=None)], faults=(28,))
    yield Case('agent-10k', packed('agent-10k'), headers=[('User-Agent', 'OCS-NG_unified_unix_agent_v2<b>' + '\xe9' * 10000)],
               rows=[('SELECT CHAR_LENGTH(USERAGENT)<=50 FROM hardware WHERE ID={id}', '1')], faults=(28,))
    yield Case('ranges', packed('ranges'), headers=[('Range', 'bytes=' + ','.join('%d-' % i for i in range(5000)))], faults=(22,))


def methods():
    body = packed('methods')
    for method, answer, why in (('GET', 400, 'path'), ('PUT', 403, 'method'), ('TRACE', 403, 'method'), ('DELETE', 403, 'method'),
                                ('OPTIONS', 403, 'method'), ('CONNECT', 403, 'method')):
        yield refused('method-' + method, [wire.post(body, method=method)], why, (20,), answer)
    for i, path in enumerate(('/ocsinventory/../secret', '//ocsinventory/%2e%2e/%2e%2e/etc/passwd', '/' + 'x' * 8000)):
        yield refused('path-%d' % i, [wire.post(body, path=path, method='POST')], 'http:not_found', (21,), 404)
    for i, name in enumerate(('..%5c..%5cetc%5cpasswd', '%00', 'label%00.txt', '%2e%2e/%2e%2e/etc/passwd', '..', 'a/../../../etc/passwd', "x' OR '1'='1",
                              'x' * 8000)):
        yield refused('path-deploy-%d' % i, [wire.post(b'', path='/ocsinventory/deploy/' + name, method='GET')], None, (21,), (400, 404))
    yield refused('path-nul', [wire.post(body, path='/ocsinventory\0/x')], 'http:malformed', (21,))
    yield refused('path-backslash', [wire.post(body, path='\\ocsinventory')], None, (21,), (400, 404))


def slow():
    body = packed('slow-body')
    steps = [x for i in range(0, len(body), 8) for x in (body[i:i + 8], 0.02)]
    yield Case('slow-body', b'', pieces=[wire.post(b'', length=len(body))] + steps, faults=(17,))
    drip = [x for c in b'POST /ocsinventory HTTP/1.1\r\nHost: localhost\r\nX-Long: ' + b'x' * 40 for x in (bytes([c]), 0.5)]
    yield refused('slow-head', drip, 'http:slow', (16,), 408)


def all_requests():
    for group in (lengths, heads, methods, slow):
        for case in group():
            yield group.__name__, case
