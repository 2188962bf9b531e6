"""One request as an agent sends it, in every form that the recordings need, and the answer in a form that can be compared."""
import gzip
import http.client
import ssl
import urllib.parse
import xml.etree.ElementTree
import zlib

AGENT = 'OCS-NG_unified_unix_agent_v2.10.0'
TIMEOUT_S = 60


def raw_deflate(body):
    c = zlib.compressobj(6, zlib.DEFLATED, -15)
    return c.compress(body) + c.flush()


def never_ending(body):
    """As the Windows agent's library does it: flushed, but without an end."""
    c = zlib.compressobj(6)
    return c.compress(body) + c.flush(zlib.Z_SYNC_FLUSH)


def wrong_checksum(body):
    packed = zlib.compress(body, 6)
    return packed[:-1] + bytes([packed[-1] ^ 0xff])


def packed_gzip(body):
    return gzip.compress(body, 6, mtime=0)


COMPRESS = {
    'none': lambda body: body,
    'zlib': lambda body: zlib.compress(body, 6),
    'zlib-1': lambda body: zlib.compress(body, 1),
    'zlib-no-checksum': lambda body: zlib.compress(body, 6)[:-4],
    'zlib-bad-checksum': wrong_checksum,
    'zlib-trailing': lambda body: zlib.compress(body, 6) + b'trailing bytes',
    'zlib-twice': lambda body: zlib.compress(body, 6) * 2,
    'zlib-cut': lambda body: zlib.compress(body, 6)[:-20],
    'zlib-unfinished': never_ending,
    'gzip': packed_gzip,
    'gzip-trailing': lambda body: packed_gzip(body) + b'trailing bytes',
    'gzip-cut': lambda body: packed_gzip(body)[:-20],
    'deflate': raw_deflate,
}


# ------------------------------------------------------------------------------------------------------- sending ----

def headers_of(step, method, size):
    out = {'Content-Type': 'application/x-compress'} if method == 'POST' else {}
    agent = step.get('agent', AGENT)
    if agent is not None:
        out['User-Agent'] = agent
    out.update(step.get('headers', {}))
    if method == 'POST' and step.get('chunked'):
        out['Transfer-Encoding'] = 'chunked'
    elif method == 'POST' and step.get('length', True):
        out['Content-Length'] = str(size)
    return out


def connect(url, step):
    if url.scheme == 'https':
        # What is compared is the protocol behind TLS; certificates have tests of their own.
        return http.client.HTTPSConnection(url.hostname, url.port, timeout=TIMEOUT_S,
                                           context=ssl._create_unverified_context())
    source = (step.get('from'), 0) if step.has('from') else None
    return http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_S, source_address=source)


def exchange(connection, url, step):
    body = step.body
    method = step.get('method', 'GET' if body is None else 'POST')
    data = b'' if body is None else COMPRESS[step.get('compress', 'zlib')](body)
    connection.putrequest(method, urllib.parse.quote(url.path + step.get('path', ''), safe='/%?=&'),
                          skip_accept_encoding=True)
    for name, value in headers_of(step, method, len(data)).items():
        connection.putheader(name, value.encode('utf-8'))
    connection.endheaders()
    if step.get('chunked'):
        data = b'%x\r\n%s\r\n0\r\n\r\n' % (len(data), data)
    if data:
        connection.send(data)
    answer = connection.getresponse()
    return answer, answer.read()


def send(http_url, https_url, step):
    """Send the step's request. Returns what is compared: status, encoding, reply, headers."""
    url = urllib.parse.urlsplit(https_url if step.get('https') else http_url)
    connection = connect(url, step)
    try:
        answer, body = exchange(connection, url, step)
    except (OSError, http.client.HTTPException) as e:
        return {'status': 'no answer: %s' % type(e).__name__}
    finally:
        connection.close()
    return describe(answer, body, step.get('check_headers', []))


# -------------------------------------------------------------------------------------------------- the answer ----

def unpack(body):
    """(name of the encoding, text)"""
    if not body:
        return 'empty', body
    if body[:2] == b'\x1f\x8b':
        return 'gzip', gzip.decompress(body)
    try:
        return 'zlib', zlib.decompress(body)
    except zlib.error:
        return 'clear', body


def tree_lines(element, depth=0):
    """The tree as lines in which the order of siblings and attributes does not count."""
    children = sorted(tree_lines(child, depth + 1) for child in element)
    attributes = ''.join(' %s="%s"' % pair for pair in sorted(element.attrib.items()))
    text, indent = element.text or '', '  ' * depth
    if not children:
        return ['%s<%s%s>%s</%s>' % (indent, element.tag, attributes, text, element.tag)]
    lines = ['%s<%s%s>%s' % (indent, element.tag, attributes, text.strip())]
    return lines + [line for child in children for line in child] + ['%s</%s>' % (indent, element.tag)]


def reply_lines(text):
    try:
        return tree_lines(xml.etree.ElementTree.fromstring(text))
    except xml.etree.ElementTree.ParseError:
        return [text.decode('utf-8', 'replace')]


def describe(answer, body, header_names):
    got = {'status': answer.status}
    if answer.status != 200:
        return got  # error pages are for people
    got['encoding'], text = unpack(body)
    if body:
        got['reply'] = reply_lines(text)
    if header_names:
        headers = {name.lower(): value for name, value in answer.getheaders()}
        got['headers'] = {name: headers.get(name) for name in header_names}
    return got
