"""Everything that can be wrong with a URL, a server or a command line, and what a careless server may do without being wrong."""
import os
import socket
import tempfile
import unittest

import fetch_program
from fetch_program import Server, fetch, fetch_list, has_ipv6, replies, until_client_leaves

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Failures(unittest.TestCase):
    def check_rows(self, urls_and_reasons, healthy, *arguments):
        """Each URL ends with its reason, and the healthy one between them with none. Returns the rows of the former."""
        urls = []
        for url, _ in urls_and_reasons:
            urls += [url, healthy]
        result = fetch("--json", *arguments, *urls)
        self.assertEqual(result.status, 1, result.err)
        rows = result.rows()
        self.assertEqual([row["url"] for row in rows], urls)
        for row in rows[1::2]:
            self.assertEqual((row["status"], row["bytes"], row["error"]), (200, 2, None))
        for (url, reason), row in zip(urls_and_reasons, rows[0::2]):
            with self.subTest(url=url):
                self.assertRegex(row["error"], reason)
        return rows[0::2]

    def test_nobody_to_answer(self):
        with Server(replies({"/": OK})) as server, socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and never listens
            rows = self.check_rows([
                ("http://127.0.0.1:%d/" % bound.getsockname()[1], "^connection refused$"),
                ("http://no-such-name.invalid/", "^unknown name$|^the name cannot be looked up"),
                ("nonsense", "^malformed URL: it has no scheme"),
                ("http://", "^malformed URL: it has no host"),
                ("http://127.0.0.1:99999/", "^malformed URL: the port"),
                ("http://127.0.0.1/a b", "^malformed URL: it has a space"),
                ("http://[::1/", "^malformed URL: the bracket"),
                ("https://127.0.0.1/", "^https is not supported"),
                ("ftp://127.0.0.1/", "only http://"),
            ], server.url + "/")
        for row in rows:
            self.assertEqual((row["status"], row["bytes"]), (None, 0))

    def test_timeouts(self):
        async def answer(target, reader, writer):
            writer.write({"/head": b"", "/half": OK[:20], "/body": OK[:-1], "/": OK}[target])
            if target != "/":
                await until_client_leaves(reader)

        with Server(answer) as server:
            reason = r"^timed out after 2\.5 s$"
            rows = self.check_rows([(server.url + path, reason) for path in ("/head", "/half", "/body")],
                                   server.url + "/", "--timeout", "2.5")
        self.assertEqual([row["status"] for row in rows], [None, None, 200])
        for row in rows:
            self.assertGreaterEqual(row["ms"], 2500)

    def test_what_is_not_http(self):
        def head(*lines):
            return b"".join(line + b"\r\n" for line in (b"HTTP/1.1 200 OK", *lines, b""))

        table = {
            "/": OK,
            "/ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "/http2": b"HTTP/2 200\r\n\r\n",
            "/nonsense": head(b"nonsense"),
            "/long": head(b"X: " + b"y" * 100000),
            "/endless": b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
            "/switch": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "/gzip": head(b"Transfer-Encoding: gzip, chunked"),
            "/two": head(b"Content-Length: 1", b"Content-Length: 2"),
            "/chunk": head(b"Transfer-Encoding: chunked") + b"2\r\nabc\r\n0\r\n\r\n",
        }
        with Server(replies(table)) as server:
            self.check_rows([
                (server.url + "/ssh", "does not speak HTTP/1.1"),
                (server.url + "/http2", "does not speak HTTP/1.1"),
                (server.url + "/nonsense", "not a header"),
                (server.url + "/long", "longer than 64 KiB"),
                (server.url + "/endless", "interim responses only"),
                (server.url + "/switch", "switches to a protocol"),
                (server.url + "/gzip", "unknown transfer coding"),
                (server.url + "/two", "two different Content-Lengths"),
                (server.url + "/chunk", "a chunk is longer than it says"),
            ], server.url + "/")

    def test_a_body_that_cannot_be_saved(self):
        with tempfile.TemporaryDirectory() as folder, Server(replies({"/": OK})) as server:
            os.mkdir(folder + "/1.part")
            result = fetch("--json", "--output", folder, server.url, server.url)
            self.assertEqual(result.status, 1)
            first, second = result.rows()
            self.assertRegex(first["error"], "^cannot save: ")
            self.assertIsNone(first["file"])
            self.assertEqual((second["error"], second["file"]), (None, folder + "/2"))
            self.assertEqual(sorted(os.listdir(folder)), ["1.part", "2"])

    def test_a_truncated_body_leaves_no_file(self):
        with tempfile.TemporaryDirectory() as folder, Server(replies({"/a/b.html?c": OK[:-1]})) as server:
            result = fetch("--output", folder, server.url + "/a/b.html?c")
            self.assertEqual(result.status, 1)
            self.assertEqual(os.listdir(folder), [])


class Successes(unittest.TestCase):
    def check_body(self, response, body, *arguments, keep_open=False, status=200):
        """`response` is understood, and its body is `body` to the byte."""

        async def answer(_target, reader, writer):
            writer.write(response)
            await writer.drain()
            if keep_open:
                await until_client_leaves(reader)

        with tempfile.TemporaryDirectory() as folder, Server(answer) as server:
            result = fetch("--json", "--output", folder, *arguments, server.url)
            row, = result.rows()
            self.assertEqual((row["status"], row["error"], row["bytes"]), (status, None, len(body)))
            self.assertEqual(result.status, 0)
            with open(row["file"], "rb") as file:
                self.assertEqual(file.read(), body)
            request = server.requests[0]
        self.assertIn(b"\r\nHost: %s\r\n" % server.url[len("http://"):].encode(), request)
        return request

    def test_bodies(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        chunks = b"2 ; ext=\"a;b\"\r\nab\r\n0000A;x\r\n\r\n34567890\r\n0;last\r\nTrailer: x\r\nOther: y\r\n\r\n"
        self.check_body(head + b"\r\n" + chunks, b"ab\r\n34567890", keep_open=True)
        self.check_body(head + b"Content-Length: 7\r\n\r\n" + chunks, b"ab\r\n34567890", keep_open=True)
        self.check_body(OK + b"surplus", b"ok", keep_open=True)
        self.check_body(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok")
        self.check_body(b"HTTP/1.0 200 OK\nServer: old\n\nuntil the end\n", b"until the end\n")
        self.check_body(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * 5000, bytes(range(256)) * 5000)

    def test_no_body(self):
        for status in (204, 304):
            self.check_body(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status, b"", keep_open=True, status=status)
        request = self.check_body(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", "--head", keep_open=True)
        self.assertTrue(request.startswith(b"HEAD / HTTP/1.1\r\n"))

    def test_a_status_is_an_answer_and_redirects_are_not_followed(self):
        table = {
            "/moved": b"HTTP/1.1 302 Found\r\nLocation: /target\r\nContent-Length: 0\r\n\r\n",
            "/missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone",
            "/broken": b"HTTP/1.1 500 Oh\r\n\r\n",
        }
        with Server(replies(table)) as server:
            result = fetch_list([server.url + path for path in table])
            self.assertEqual(result.status, 0)
            self.assertEqual([(row["status"], row["bytes"]) for row in result.rows()], [(302, 0), (404, 4), (500, 0)])
            self.assertEqual(len(server.requests), 3)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6 loopback")
    def test_ipv6(self):
        with Server(replies({"/x?y": OK}), host="::1") as server:
            result = fetch("--json", server.url + "/x?y#z")
            self.assertEqual(result.rows()[0]["error"], None)
            self.assertEqual(result.status, 0)
            self.assertIn(b"\r\nHost: %s\r\n" % server.url[len("http://"):].encode(), server.requests[0])

    def test_a_name(self):
        with Server(replies({"/": OK})) as server:
            result = fetch("--json", server.url.replace("127.0.0.1", "localhost") + "/")
            self.assertEqual((result.status, result.rows()[0]["error"]), (0, None))

    def test_without_a_url_it_serves_and_fetches_its_own_pages(self):
        result = fetch("--json")
        self.assertEqual(result.status, 0)
        rows = result.rows()
        self.assertEqual(len(rows), 300)
        self.assertEqual({(row["status"], row["error"]) for row in rows}, {(200, None)})
        self.assertEqual([row["bytes"] for row in rows], [page * 7919 % 40960 for page in range(300)])
        report = result.report()
        # The point of it all. Waiting one after the other would make the two equal.
        self.assertLess(report["done_s"], report["waited_s"] / 3)


class CommandLine(unittest.TestCase):
    def test_mistakes(self):
        with tempfile.NamedTemporaryFile() as file:
            for arguments, reason in [
                (["--fast"], "no option --fast"),
                (["-x"], "no option -x"),
                (["--json=yes"], "--json takes no value"),
                (["--timeout"], "--timeout needs a value"),
                (["--timeout", "5s"], "--timeout takes a number"),
                (["--timeout=0"], "--timeout takes a number"),
                (["--timeout", "nan"], "--timeout takes a number"),
                (["--concurrency", "0"], "--concurrency takes a number from 1"),
                (["--concurrency", "-1"], "--concurrency takes a number from 1"),
                (["--concurrency", "many"], "--concurrency takes a number from 1"),
                (["--file", "/no/such/list"], "cannot open /no/such/list"),
                (["--file", "-"], "no URL in the standard input"),
                (["--file", "/"], "cannot read /"),
                (["--output", file.name], "cannot make the directory"),
            ]:
                with self.subTest(arguments=arguments):
                    result = fetch(*arguments)
                    self.assertEqual(result.status, 2)
                    self.assertEqual(result.out, b"")
                    self.assertTrue(result.err.startswith(b"fetch: "), result.err)
                    self.assertIn(reason, result.err.decode())

    def test_help(self):
        result = fetch("--help")
        self.assertEqual((result.status, result.err), (0, b""))
        self.assertIn(b"usage: fetch", result.out)

    def test_lists(self):
        with Server(replies({"/1": OK, "/2": OK, "/3": OK})) as server, tempfile.NamedTemporaryFile("w") as file:
            file.write("# a comment\n\n  %s/1\t\r\n%s/2" % (server.url, server.url))
            file.flush()
            result = fetch("--json", "--file", file.name, "--concurrency=1", "--", server.url + "/3", "--json")
            self.assertEqual(result.status, 1)
            self.assertEqual([(row["url"][len(server.url):] if row["error"] is None else row["url"])
                              for row in result.rows()], ["/1", "/2", "/3", "--json"])

    def test_the_table(self):
        with Server(replies({"/": OK})) as server:
            result = fetch(server.url + "/", "http://bad\x1b[2J/", "http://\xff\"\\/")
        self.assertEqual((result.status, result.err), (1, b""))
        lines = result.out.decode().split("\n")
        self.assertRegex(lines[0], r"^URL +status +bytes +ms$")
        self.assertRegex(lines[1], r"^http://127\.0\.0\.1:\d+/ +200 +2 +\d+\.\d$")
        self.assertRegex(lines[2], r"^http://bad\?\[2J/ +- +0 +\d+\.\d  malformed URL: ")
        self.assertEqual(lines[4], "")
        self.assertEqual(lines[5], "3 pages, 2 failed, 2 B")
        self.assertRegex(lines[6], r"^waited \d+\.\d s in all, done in \d+\.\d s$")
        self.assertEqual(lines[7:], [""])

    def test_json_of_strange_urls(self):
        urls = ["\x1b\x7f", "\"\\", "\u20ac\U0001F600", "/"]
        rows = fetch_list(urls).rows()
        self.assertEqual([row["url"] for row in rows], urls)
        rows = fetch("--json", b"\xff\xc3(").rows()
        self.assertEqual(rows[0]["url"], "\ufffd\ufffd(")

    def test_concurrency(self):
        present = most = 0

        async def answer(_target, _reader, writer):
            nonlocal present, most
            present += 1
            most = max(most, present)
            writer.write(OK)
            await writer.drain()
            present -= 1

        with Server(answer) as server:
            self.assertEqual(fetch_list([server.url] * 30, "--concurrency", "1").status, 0)
            self.assertEqual(most, 1)
            self.assertEqual(fetch_list([server.url] * 400, "--concurrency", "10000").status, 0)

    def test_nothing_moves_the_cursor_when_the_output_is_not_a_terminal(self):
        result = fetch()
        self.assertEqual(result.status, 0)
        for text in (result.out, result.err):
            self.assertNotRegex(text, rb"[\x00-\x09\x0b-\x1f\x7f]")


if __name__ == "__main__":
    fetch_program.main()
