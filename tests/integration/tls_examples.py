"""examples/tls_echo.cpp against openssl, curl and Python's ssl, examples/https_client.cpp against a server in Python."""
import http.server
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import example_program
from example_program import Running, needs, read_all


def make_certificate(folder, name, *alternatives):
    """A self-signed one, and its key: (certificate, key)."""
    certificate, key = (os.path.join(folder, name + end) for end in (".crt", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + ",".join(alternatives), "-keyout", key,
                    "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    return certificate, key


class WithCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tls-examples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificate, cls.key = make_certificate(cls.folder, "localhost", "DNS:localhost", "IP:127.0.0.1")


@needs("openssl")
class TlsEcho(WithCertificates):
    def setUp(self):
        self.server = Running(self.certificate, self.key, 0)
        self.addCleanup(self.server.stop)
        self.context = ssl.create_default_context(cafile=self.certificate)

    def talk(self, data, context=None):
        with self.server.connect() as plain:
            with (context or self.context).wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(data)
                return read_all(connection)

    def test_python(self):
        lines = b"".join(b"%d\n" % (number * 37) for number in range(100000)) + b"\n"
        with self.server.connect() as plain, self.context.wrap_socket(plain, server_hostname="localhost") as connection:
            sender = threading.Thread(target=connection.sendall, args=(lines,))
            sender.start()
            self.assertTrue(read_all(connection) == lines)
            sender.join()

    def test_tls_1_2(self):
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertEqual(self.talk(b"hello\n\n"), b"hello\n\n")

    def test_openssl(self):
        for version in ("-tls1_2", "-tls1_3"):
            out = subprocess.run(["openssl", "s_client", "-quiet", version, "-CAfile", self.certificate, "-verify_return_error",
                                  "-verify_hostname", "localhost", "-connect", "127.0.0.1:%d" % self.server.port],
                                 input=b"hello\n\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
            self.assertEqual(out.stdout, b"hello\n\n", version)

    @needs("curl")
    def test_curl(self):
        out = subprocess.run(["curl", "--silent", "--max-time", "60", "--http0.9", "--cacert", self.certificate,
                              "https://localhost:%d/path" % self.server.port, "--resolve",
                              "localhost:%d:127.0.0.1" % self.server.port], check=True, stdout=subprocess.PIPE).stdout
        self.assertTrue(out.startswith(b"GET /path HTTP/1.1\r\n"), out)
        self.assertTrue(out.endswith(b"\r\n\r\n"), out)

    def test_a_client_that_is_wrong_does_not_matter_to_others(self):
        with self.server.connect() as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            read_all(plain)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.talk(b"\n", ssl.create_default_context())
        with self.server.connect() as silent:
            self.assertEqual(self.talk(b"hello\n\n"), b"hello\n\n")
            del silent

    def test_the_certificate_is_renewed(self):
        folder = tempfile.mkdtemp(prefix="tls-examples-")
        self.addCleanup(shutil.rmtree, folder)
        certificate, key = make_certificate(folder, "localhost", "DNS:localhost")
        renewed = ssl.create_default_context(cafile=certificate)
        for new, used in ((certificate, self.certificate), (key, self.key)):
            shutil.copy(used, used + ".old")
            self.addCleanup(os.replace, used + ".old", used)
            shutil.copy(new, used)
        self.server.process.send_signal(signal.SIGHUP)
        for _ in range(100):  # the signal may come later than the next connection
            try:
                self.assertEqual(self.talk(b"\n", renewed), b"\n")
                return
            except ssl.SSLCertVerificationError:
                continue
        self.fail("it still shows the old one")


class Answers(http.server.BaseHTTPRequestHandler):
    PAGES = {"/": b"hello\n", "/large": os.urandom(3000000), "/empty": b""}

    def do_GET(self):
        body = self.PAGES.get(self.path.split("?")[0])
        self.send_response(404 if body is None else 200)
        if "endless" not in self.path:
            self.send_header("Content-Length", str(len(body or b"") + (10 if "cut" in self.path else 0)))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


@needs("openssl")
class HttpsClient(WithCertificates):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = os.path.join(os.path.dirname(example_program.PROGRAM), "https_client")

    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # of clients that do not trust it
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = "https://127.0.0.1:%d" % server.server_port

    def fetch(self, *paths, trusted=None):
        environment = dict(os.environ, SSL_CERT_FILE=trusted or self.certificate)
        return subprocess.run([self.program, *(self.url + path for path in paths)], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)

    def test_pages(self):
        done = self.fetch("/", "/large?endless", "/empty", "/large")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout == b"hello\n" + Answers.PAGES["/large"] * 2)
        self.assertIn(b"127.0.0.1: localhost 127.0.0.1, by TLSv1.3", done.stderr)

    def test_failures(self):
        done = self.fetch("/absent", "/")
        self.assertEqual((done.returncode, done.stdout), (1, b"hello\n"))
        self.assertIn(b"404 Not Found", done.stderr)
        done = self.fetch("/?cut")
        self.assertEqual((done.returncode, done.stdout), (1, b""))

    def test_a_stranger(self):
        other, _ = make_certificate(self.folder, "other", "DNS:other")
        done = self.fetch("/", trusted=other)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"this is somebody else: self-signed certificate", done.stderr.replace(b"self signed", b"self-signed"))

    def test_who_does_not_speak_tls(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def babble():
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                    connection.recv(1000)

            thread = threading.Thread(target=babble)
            thread.start()
            self.url = "https://127.0.0.1:%d" % server.getsockname()[1]
            done = self.fetch("/")
            thread.join()
        self.assertIn(b"does the peer speak TLS on this port?", done.stderr)


if __name__ == "__main__":
    example_program.main()
