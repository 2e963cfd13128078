"""A message of os-ken for each line of JSON, and what it says of ours.

{"parse": hex, "expect": dict}            -> {"differences": [text]} or {"error": text}
{"build": dict, "version": n, "xid": n}   -> {"hex": hex} or {"error": text}

`expect` is compared with the dictionary that os-ken makes of the parsed message; members that it lacks are not asked for.
"""
import ipaddress
import json
import logging
import signal
import sys

from os_ken.ofproto import ofproto_parser, ofproto_protocol

logging.disable(logging.CRITICAL)
DESCS = {}


class Endless(Exception):
    pass


def give_up(signum, frame):
    raise Endless("os-ken does not come to an end")


def desc(version):
    if version not in DESCS:
        DESCS[version] = ofproto_protocol.ProtocolDesc(version=version)
    return DESCS[version]


def plain(value):
    """One form for values that are written in several."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str) and value.count(":") >= 2 and len(value) != 17:
        try:
            return ipaddress.ip_address(value)
        except ValueError:
            return value
    return value


def compare(path, ours, theirs, found):
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            found.append("%s: %r is %r there" % (path, ours, theirs))
            return
        for key, value in ours.items():
            if key not in theirs:
                found.append("%s: no %s among %s" % (path, key, sorted(theirs)))
            else:
                compare("%s.%s" % (path, key), value, theirs[key], found)
    elif isinstance(ours, list):
        if not isinstance(theirs, (list, tuple)) or len(ours) != len(theirs):
            found.append("%s: %r is %r there" % (path, ours, theirs))
            return
        for i, value in enumerate(ours):
            compare("%s[%d]" % (path, i), value, theirs[i], found)
    elif plain(ours) != plain(theirs):
        found.append("%s: %r is %r there" % (path, ours, theirs))


def answer(case):
    if "parse" in case:
        data = bytes.fromhex(case["parse"])
        version, kind, length, xid = ofproto_parser.header(data)
        msg = ofproto_parser.msg(desc(version), version, kind, length, xid, data)
        if msg is None:
            return {"error": "os-ken has no parser for it"}
        found = []
        compare("", case["expect"], msg.to_jsondict(), found)
        return {"differences": found}
    msg = ofproto_parser.ofp_msg_from_jsondict(desc(case["version"]), case["build"])
    msg.set_xid(case["xid"])
    msg.serialize()
    return {"hex": bytes(msg.buf).hex()}


# Some of os-ken's parsers loop for ever on lists that they do not expect.
signal.signal(signal.SIGALRM, give_up)

# Some print as they go.
answers, sys.stdout = sys.stdout, sys.stderr

for line in sys.stdin:
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        result = answer(json.loads(line))
    except Exception as e:
        result = {"error": repr(e)}
    signal.setitimer(signal.ITIMER_REAL, 0)
    answers.write(json.dumps(result) + "\n")
