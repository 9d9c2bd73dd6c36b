"""examples/http_server.cpp against curl, wrk, and what a client should not do."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import example_program
from example_program import Running, needs, read_all

FILES = {
    "index.html": b"hello\n", "empty.txt": b"", "with space.txt": b"space\n", "sub/index.html": b"below\n",
    "script.js": b"x" * 1000, "at_once.bin": os.urandom(128 * 1024), "by_sendfile.bin": os.urandom(128 * 1024 + 1),
    "large.bin": os.urandom(5 * 1024 * 1024 + 3),
}
GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def split_responses(data):
    """[(status, body)] of responses to GET that lie one behind the other."""
    responses = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"\r\nContent-Length: (\d+)", head).group(1))
        responses.append((int(head.split()[1]), data[:length]))
        data = data[length:]
    return responses


class HttpServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="http-server-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name, content in FILES.items():
            path = os.path.join(cls.folder, "www", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        with open(cls.folder + "/secret", "w") as file:
            file.write("not to be had\n")
        cls.www = cls.folder + "/www"

    def setUp(self):
        self.server = Running(self.www, 0)
        self.url = self.server.line
        self.addCleanup(self.server.stop)

    def curl(self, *arguments):
        return subprocess.run(["curl", "--silent", "--max-time", "60", "--path-as-is", *arguments], check=True,
                              stdout=subprocess.PIPE).stdout

    def talk(self, *pieces):
        with self.server.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_all(connection)

    @staticmethod
    def send_in_pieces(connection, data, size):
        for at in range(0, len(data), size):
            connection.sendall(data[at:at + size])

    def status_of(self, request):
        return int(self.talk(request).split()[1])

    @needs("curl")
    def test_curl_gets_every_file_to_the_byte(self):
        for name, content in FILES.items():
            self.assertTrue(self.curl(self.url + name.replace(" ", "%20") + "?query=/../x") == content, name)
        self.assertEqual(self.curl(self.url), FILES["index.html"])
        self.assertEqual(self.curl(self.url + "sub/"), FILES["sub/index.html"])

    @needs("curl")
    def test_curl_keeps_the_connection(self):
        names = list(FILES)
        arguments = ["--write-out", "|%{http_code} %{num_connects}|"]
        for name in names:
            arguments += [self.url + name.replace(" ", "%20"), "--output", self.folder + "/got"]
        out = self.curl(*arguments)
        self.assertEqual(out, b"|200 1|" + b"|200 0|" * (len(names) - 1))
        out = self.curl("-o", self.folder + "/got", "-w", "%{num_connects}", self.url, "--next",
                        "-s", "-w", "%{http_code} %{num_connects}", "-o", "/dev/null", self.url + "absent")
        self.assertEqual(out, b"1404 0")

    @needs("curl")
    def test_curl_asks_for_the_head(self):
        head = self.curl("--head", self.url + "large.bin")
        self.assertIn(b"HTTP/1.1 200 OK\r\n", head)
        self.assertIn(b"Content-Length: %d\r\n" % len(FILES["large.bin"]), head)
        self.assertTrue(head.endswith(b"\r\n\r\n"))
        self.assertIn(b"HTTP/1.1 404", self.curl("--head", self.url + "absent"))
        self.assertIn(b"Content-Type: text/javascript\r\n", self.curl("--head", self.url + "script.js"))

    @needs("wrk")
    def test_wrk_sees_no_error(self):
        for name, connections in (("", 64), ("absent", 2), ("by_sendfile.bin", 8)):
            out = subprocess.run(["wrk", "-t1", "-c%d" % connections, "-d1s", self.url + name], check=True,
                                 stdout=subprocess.PIPE, timeout=100).stdout.decode()
            self.assertGreater(int(re.search(r"(\d+) requests in", out).group(1)), 10, out)
            self.assertNotIn("Socket errors", out)
            self.assertEqual("Non-2xx" in out, name == "absent", out)  # what it says when there are any

    def test_pipelined_requests_are_answered_in_order(self):
        names = [name for name in FILES if " " not in name] * 2 + ["script.js", "by_sendfile.bin"] * 50
        requests = b"".join(GET % b"/absent" + GET % (b"/" + name.encode()) for name in names) + LAST % b"/"
        expected = [each for name in names for each in ((404, b"Not here.\n"), (200, FILES[name]))] + [(200, FILES["index.html"])]
        for size in (len(requests), 997, 61):
            with self.server.connect() as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sender = threading.Thread(target=self.send_in_pieces, args=(connection, requests, size))
                sender.start()
                data = read_all(connection)
                sender.join()
            self.assertTrue(split_responses(data) == expected, "in pieces of %d" % size)

    def test_bad_requests_are_refused(self):
        for status, request in (
                (400, b"\r\n\r\n"), (400, b"GET\r\n\r\n"), (400, b"GET / HTTP/1.1\r\n\r\n"), (400, b"GET x HTTP/1.1\r\nHost: x\r\n\r\n"),
                (400, b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n"), (400, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
                (400, GET % b"/%"), (400, GET % b"/%zz"), (400, GET % b"/%00"), (400, GET % b"/index.html%00.txt"),
                (400, GET % b"/../secret"), (400, GET % b"/sub/../../secret"), (400, GET % b"/%2e%2e/secret"),
                (400, GET % b"/..%2fsecret"), (400, GET % b"/sub/.."), (400, GET % b"//../secret"),
                (505, b"GET / HTTP/2.0\r\n\r\n"), (505, b"GET / nonsense\r\n\r\n"),
                (405, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), (405, b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"),
                (413, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
                (413, b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
                (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n"), (431, b"G" * 9000)):
            with self.subTest(request=request[:60]):
                with self.server.connect() as connection:
                    connection.sendall(request)
                    connection.shutdown(socket.SHUT_WR)
                    answer = read_all(connection)
                self.assertEqual(int(answer.split()[1]), status)
                self.assertNotIn(b"not to be had", answer)
        self.assertEqual(self.status_of(LAST % b"/"), 200)

    def test_a_refusal_arrives_though_the_body_is_not_read(self):
        body = b"x" * 4000000
        with self.server.connect() as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            connection.shutdown(socket.SHUT_WR)
            self.assertIn(b" 405 ", read_all(connection))

    def test_old_clients_are_served(self):
        answer = self.talk(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(split_responses(answer), [(200, FILES["index.html"])])
        self.assertIn(b"Connection: close\r\n", answer)
        answer = self.talk(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(split_responses(answer), [(200, FILES["index.html"])] * 2)

    def test_who_hangs_up_in_the_middle_harms_nobody(self):
        for read in (0, 1, 100000) * 20:
            with self.server.connect() as connection:
                connection.sendall(GET % b"/large.bin" * 3)
                connection.recv(read)
        self.assertEqual(self.status_of(LAST % b"/"), 200)

    def test_a_slow_head_and_an_idle_connection_end_after_ten_seconds(self):
        begin = time.monotonic()
        with self.server.connect() as idle, self.server.connect() as slow:
            slow.settimeout(0.5)
            slow.sendall(b"GET / HTTP/1.1\r\n")
            while True:
                try:
                    self.assertEqual(slow.recv(100), b"")
                    break
                except socket.timeout:
                    try:
                        slow.sendall(b"X: y\r\n")  # never stops, never ends
                    except ConnectionError:
                        break
                except ConnectionError:
                    break
            self.assertEqual(read_all(idle), b"")
        self.assertTrue(9 < time.monotonic() - begin < 60)
        self.assertEqual(self.status_of(LAST % b"/"), 200)

    def test_ctrl_c_ends_it_with_clients_connected(self):
        with self.server.connect() as idle, self.server.connect() as stuck:
            stuck.sendall(GET % b"/large.bin" * 5)
            idle.sendall(GET % b"/")
            idle.recv(1)
            begin = time.monotonic()
            self.server.stop()
            self.assertLess(time.monotonic() - begin, 50)
        self.assertEqual(self.server.errors, b"")


if __name__ == "__main__":
    example_program.main()
