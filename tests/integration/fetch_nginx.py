"""A real nginx on loopback: 500 files of 0 B to 2 MiB, compared byte for byte; with Content-Length and chunked."""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import fetch_program
from fetch_program import fetch_list, has_ipv6

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
LARGEST = 2 * 1024 * 1024
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    server {{
        {listen}
        location /files/ {{ root {folder}; }}
        # Server-side includes: nginx cannot know the length before it has read the file, and sends chunks.
        location /chunked/ {{ alias {folder}/files/; ssi on; ssi_types *; }}
        location = /moved {{ return 301 /files/0; }}
        location = /nothing {{ return 204; }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fetch-nginx-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.make_files()
        for attempt in range(5):  # between asking for a free port and using it somebody else may take it
            if cls.start(free_port()):
                return
        with open(cls.folder + "/error.log") as log:
            raise RuntimeError("nginx does not start: " + log.read())

    @classmethod
    def make_files(cls):
        os.mkdir(cls.folder + "/files")
        os.mkdir(cls.folder + "/tmp")
        dice = random.Random(1)
        sizes = [0, 1, 2, 4095, 4096, 4097, 65535, 65536, 65537, LARGEST - 1, LARGEST]
        while len(sizes) < 500:
            sizes.append(int(LARGEST ** dice.random()))  # small ones and large ones alike
        cls.files = []
        for number, size in enumerate(sizes):
            content = dice.randbytes(size).replace(b"<", b"=")  # nginx drops a '<' at the end: an include may begin so
            cls.files.append(content)
            with open("%s/files/%d" % (cls.folder, number), "wb") as file:
                file.write(content)

    @classmethod
    def start(cls, port):
        listen = "listen 127.0.0.1:%d;" % port
        if has_ipv6():
            listen += " listen [::1]:%d;" % port
        with open(cls.folder + "/nginx.conf", "w") as file:
            # Its workers would become another user, who may not enter this folder.
            user = "user root;" if os.geteuid() == 0 else ""
            file.write(CONFIGURATION.format(folder=cls.folder, listen=listen, user=user))
        nginx = subprocess.Popen([NGINX, "-p", cls.folder, "-c", cls.folder + "/nginx.conf", "-e", cls.folder + "/error.log"])
        cls.port = port
        deadline = time.monotonic() + 20
        while nginx.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    cls.addClassCleanup(nginx.wait)
                    cls.addClassCleanup(nginx.terminate)  # called first
                    return True
            time.sleep(0.02)
        nginx.kill()
        nginx.wait()
        return False

    def check_files(self, host, path, *arguments):
        urls = ["http://%s:%d/%s/%d" % (host, self.port, path, number) for number in range(len(self.files))]
        with tempfile.TemporaryDirectory() as saved:
            result = fetch_list(urls, "--output", saved, *arguments)
            self.assertEqual(result.err, b"")
            rows = result.rows()
            self.assertEqual([row["url"] for row in rows], urls)
            self.assertEqual([row for row in rows if row["error"] is not None], [])
            self.assertEqual(result.status, 0)
            for row, content in zip(rows, self.files):
                self.assertEqual((row["status"], row["bytes"]), (200, len(content)))
                with open(row["file"], "rb") as file:
                    self.assertTrue(file.read() == content, row["url"])
            self.assertEqual(len(os.listdir(saved)), len(self.files))

    def test_bodies_with_a_length(self):
        self.check_files("127.0.0.1", "files")

    def test_bodies_in_chunks(self):
        with socket.create_connection(("127.0.0.1", self.port)) as probe:
            probe.sendall(b"GET /chunked/5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertIn(b"chunked", probe.makefile("rb").read())
        self.check_files("127.0.0.1", "chunked", "--concurrency", "7")

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6 loopback")
    def test_ipv6(self):
        self.check_files("[::1]", "files", "--concurrency", "200")

    def test_other_answers(self):
        base = "http://127.0.0.1:%d" % self.port
        result = fetch_list([base + "/moved", base + "/nothing", base + "/missing", base + "/files/../../etc/passwd"])
        self.assertEqual(result.status, 0)
        self.assertEqual([row["status"] for row in result.rows()], [301, 204, 404, 400])
        result = fetch_list([base + "/files/10"], "--head")
        self.assertEqual([(row["status"], row["bytes"]) for row in result.rows()], [(200, 0)])


if __name__ == "__main__":
    if NGINX is None:
        if os.environ.get("CI", "") == "true":
            sys.exit("nginx is not installed, and CI=true says that it must be: apt-get install nginx-light")
        print("SKIP: nginx is not installed: apt-get install nginx-light")
        sys.exit(77)
    fetch_program.main()
