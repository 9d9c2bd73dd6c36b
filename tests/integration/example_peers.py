"""Examples that try themselves out when they run without arguments, here against peers written in Python."""
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import unittest

import example_program

FOLDER = None  # set below


class Peers(unittest.TestCase):
    def start(self, name, *arguments):
        process = subprocess.Popen([os.path.join(FOLDER, name), *map(str, arguments)], stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait(60)

    def run_to_its_end(self, name, *arguments):
        return subprocess.run([os.path.join(FOLDER, name), *map(str, arguments)], stdout=subprocess.PIPE, timeout=60,
                              check=True).stdout.decode()

    def test_chat_server(self):
        for _ in range(5):  # somebody may take the port before the server does
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            process = self.start("chat_server", port)
            files = {}
            for name in ("ann", "bob"):
                client = self.connect(port, process)
                if client is None:
                    break
                self.addCleanup(client.close)
                files[name] = client.makefile("rw")
                self.addCleanup(files[name].close)
                self.assertEqual(files[name].readline(), "your name?\n")
                print(name, file=files[name], flush=True)
                self.assertEqual(files[name].readline(), "you are in hall\n")
            if len(files) == 2:
                break
        self.assertEqual(files["ann"].readline(), "* bob is here\n")
        print("hello", file=files["ann"], flush=True)
        self.assertEqual(files["bob"].readline(), "ann: hello\n")
        print("/who", file=files["bob"], flush=True)
        self.assertEqual(files["bob"].readline(), "in hall: ann bob\n")
        print("/quit", file=files["ann"], flush=True)
        self.assertEqual(files["ann"].readline(), "")
        self.assertEqual(files["bob"].readline(), "* ann leaves\n")

    @staticmethod
    def connect(port, process):
        while process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=60)
            except ConnectionRefusedError:
                continue
        return None

    def test_udp_echo(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = self.start("udp_echo", port)
        self.assertEqual(process.stdout.readline(), b"127.0.0.1:%d\n" % port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            client.settimeout(60)
            for data in (b"", b"a", b"lost", b"x" * 9000, b"lost", b"the last"):  # from the second on every other is lost
                client.send(data)
            self.assertEqual([client.recv(10000) for _ in range(3)], [b"", b"lost", b"lost"])

    def test_dns_query(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.addCleanup(server.close)
        server.settimeout(60)

        def answer():
            query, client = server.recvfrom(512)
            asked.append(query[12:])
            server.sendto(struct.pack(">H", 7) + query[2:], client)  # to another question, which nobody has asked
            alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c"
            address = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("192.0.2.77")
            server.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, 2, 0, 0) + query[12:] + alias + address, client)

        asked = []
        thread = threading.Thread(target=answer)
        thread.start()
        out = self.run_to_its_end("dns_query", "127.0.0.1", "host.example.net", server.getsockname()[1])
        thread.join()
        self.assertEqual(asked, [b"\4host\7example\3net\0\0\1\0\1"])
        self.assertEqual(out, "host.example.net: 192.0.2.77\n")

    def test_reconnecting_client(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        asked = []

        def serve():
            for answers in (0, 3, 1, 0, 100):
                connection, _ = server.accept()
                with connection, connection.makefile("rw") as file:
                    for line in file:
                        asked.append(line)
                        if answers == 0:
                            break  # hangs up instead of an answer
                        answers -= 1
                        print("answer to", line, end="", file=file, flush=True)

        thread = threading.Thread(target=serve)
        thread.start()
        out = self.run_to_its_end("reconnecting_client", server.getsockname()[1])
        thread.join()
        answers = [line for line in out.splitlines() if line.startswith("answer")]
        self.assertEqual(answers, ["answer to question %d" % number for number in range(1, 9)])
        self.assertEqual(out.count("lost the connection"), 4)
        self.assertEqual(len(asked), 8 + 4)


if __name__ == "__main__":
    FOLDER = os.path.dirname(sys.argv[1])
    example_program.main()
