"""liars.py FILE: NTP servers on port 123 of 127.0.1.N, each with a manner of its own. A line for each request goes
to FILE: address, version, source port, length. Prints "ready" when all are there."""
import selectors
import socket
import struct
import sys
import time

EPOCH = 2208988800


def stamp(now):
    return struct.pack('>Q', int((now + EPOCH) * 2**32) & (2**64 - 1))


# address: leap, stratum, reference ID, seconds ahead, and what else is odd
MANNERS = {
    1: (0, 2, b'\x7f\0\0\1', 0, None),
    2: (3, 2, b'\x7f\0\0\1', 0, None),
    3: (0, 16, b'INIT', 0, None),
    4: (3, 0, b'RATE', 0, None),
    5: (3, 0, b'DENY', 0, None),
    6: (0, 2, b'\x7f\0\0\1', 0, 'silent'),
    7: (0, 2, b'\x7f\0\0\1', 100.25, None),
    8: (0, 2, b'\x7f\0\0\1', 0, 'forges'),
    9: (0, 2, b'\x7f\0\0\1', -0.002, None),
    10: (3, 0, b'RSTR', 0, None),
    11: (1, 2, b'\x7f\0\0\1', 0, None),
    12: (0, 2, b'\x7f\0\0\1', 0, 'old'),
}


def answer(manner, request):
    leap, stratum, reference, ahead, oddity = manner
    if oddity == 'silent':
        return None
    now = time.time() + ahead
    origin = b'\1' * 8 if oddity == 'forges' else request[40:48]
    version = request[0] >> 3 & 7
    synchronised = now - (100000 if oddity == 'old' else 8)
    return (bytes([leap << 6 | version << 3 | 4, stratum, request[2], 256 - 20]) + struct.pack('>II', 66, 66) +
            reference + stamp(synchronised) + origin + stamp(now) + stamp(now))


selector = selectors.DefaultSelector()
for number, manner in MANNERS.items():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(('127.0.1.%d' % number, 123))
    selector.register(one, selectors.EVENT_READ, (number, manner))
requests = open(sys.argv[1], 'w', buffering=1)
print('ready', flush=True)
while True:
    for key, _ in selector.select():
        request, client = key.fileobj.recvfrom(2048)
        number, manner = key.data
        print('127.0.1.%d' % number, request[0] >> 3 & 7, client[1], len(request), file=requests)
        reply = answer(manner, request)
        if reply:
            key.fileobj.sendto(reply, client)
