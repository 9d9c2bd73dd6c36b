"""A server that hangs up at every possible point of a response, in both ways: by a FIN, as a program that ends does, and by
an RST, as a crash or a firewall does. Each page gets its own right row, and the healthy ones between them are unharmed."""
import asyncio
import socket
import struct
import unittest

import fetch_program
from fetch_program import Server, fetch_list

BODY = bytes(range(48, 88))
CHUNKS = b"10;name=value\r\n" + BODY[:16] + b"\r\n18\r\n" + BODY[16:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\n",
}
RESPONSES = {kind: head + (CHUNKS if kind == "chunked" else BODY) for kind, head in HEADS.items()}


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def answer(target, _reader, writer):
    how, kind, sent = target.strip("/").split("/")
    writer.write(RESPONSES[kind][:int(sent)])
    await writer.drain()
    if how == "rst":
        reset(writer)


def body_bytes(kind, sent):
    """How many bytes of BODY are in the first `sent` of a response; None while it is still in the head."""
    arrived = sent - len(HEADS[kind])
    if arrived < 0:
        return None
    if kind != "chunked":
        return arrived
    first, second = CHUNKS.index(BODY[:16]), CHUNKS.index(BODY[16:])
    return min(max(arrived - first, 0), 16) + min(max(arrived - second, 0), 24)


class HangUps(unittest.TestCase):
    def rows_for(self, how):
        """Every point for every kind, with a healthy page behind each; pairs of ((kind, sent), row)."""
        points = [(kind, sent) for kind, all_ in RESPONSES.items() for sent in range(len(all_) + 1)]
        if how == "rst":
            # After the last byte nobody can tell whether the program sees the end or the reset first.
            points = [(kind, sent) for kind, sent in points if sent < len(RESPONSES[kind])]
        with Server(answer) as server:
            urls = []
            for kind, sent in points:
                urls.append("%s/%s/%s/%d" % (server.url, how, kind, sent))
                urls.append("%s/fin/%s/%d" % (server.url, kind, len(RESPONSES[kind])))
            result = fetch_list(urls, "--concurrency", "50")
        self.assertEqual(result.status, 1)
        self.assertEqual(result.err, b"")
        rows = result.rows()
        self.assertEqual([row["url"] for row in rows], urls)
        for row in rows[1::2]:
            self.assertEqual((row["status"], row["bytes"], row["error"]), (200, 40, None), row)
        return list(zip(points, rows[0::2]))

    def test_fin(self):
        for (kind, sent), row in self.rows_for("fin"):
            with self.subTest(kind=kind, sent=sent):
                arrived = body_bytes(kind, sent)
                if arrived is None:
                    self.assertIsNone(row["status"])
                    self.assertEqual(row["bytes"], 0)
                    self.assertEqual(row["error"], "the server closed the connection " +
                                     ("without a response" if sent == 0 else "in the middle of the response's head"))
                    continue
                self.assertEqual(row["status"], 200)
                self.assertEqual(row["bytes"], arrived)
                if kind == "close" or sent == len(RESPONSES[kind]):
                    self.assertIsNone(row["error"])
                elif kind == "length":
                    self.assertEqual(row["error"],
                                     "truncated body: the connection ended after %d of 40 bytes" % arrived)
                else:
                    self.assertEqual(row["error"],
                                     "truncated body: the connection ended before the last chunk, after %d bytes" % arrived)

    def test_rst(self):
        for (kind, sent), row in self.rows_for("rst"):
            with self.subTest(kind=kind, sent=sent):
                self.assertEqual(row["error"], "connection dropped by the server")
                # The reset may overtake what was sent before it, but nothing is made up.
                self.assertIn(row["status"], (None, 200))
                self.assertLessEqual(row["bytes"], body_bytes(kind, sent) or 0)

    def test_hang_up_before_the_request_is_read(self):
        async def refuse(_target, _reader, _writer):
            pass

        async def refuse_rudely(_target, _reader, writer):
            reset(writer)

        for how in (refuse, refuse_rudely):
            with self.subTest(how=how.__name__), Server(how, read_request=False) as server:
                result = fetch_list([server.url] * 50)
                self.assertEqual(result.status, 1)
                for row in result.rows():
                    self.assertIn(row["error"], ("the server closed the connection without a response",
                                                 "connection dropped by the server"))

    def test_pauses_are_not_hang_ups(self):
        """The same responses, byte by byte: where the pieces are cut does not matter."""

        async def slowly(target, _reader, writer):
            for byte in RESPONSES[target.strip("/")]:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)

        with Server(slowly) as server:
            result = fetch_list(["%s/%s" % (server.url, kind) for kind in RESPONSES] * 10)
        self.assertEqual(result.status, 0)
        self.assertEqual({(row["status"], row["bytes"], row["error"]) for row in result.rows()}, {(200, 40, None)})


if __name__ == "__main__":
    fetch_program.main()
