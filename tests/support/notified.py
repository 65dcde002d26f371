"""Who is notified: a webhook over HTTP and a mail server, on this machine, real and small."""

import json
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue


class Webhook(BaseHTTPRequestHandler):
    """Takes what apprise's `json://` sends; answers with `server.status`, or hangs."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.hangs:
            self.server.asked.put(body)
            self.server.released.wait(60)
            return
        if self.server.breaks:
            self.server.taken.put(body)
            self.wfile.write(self.server.breaks)
            return
        status = self.server.status
        if status == 200:
            self.server.taken.put(body)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as it takes to be handed a mail."""

    def handle(self):
        if self.server.silent:
            self.server.released.wait(60)
        self.say("220 here")
        while line := self.rfile.readline().decode().strip().upper():
            if line.startswith(self.server.silent_at or ("-",)):
                self.server.released.wait(60)
                return
            if any(line == f"RCPT TO:<{one}>".upper() for one in self.server.refuses):
                self.say("550 nobody of that name")
                continue
            if line == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                mail = b"".join(line.removeprefix(b".") for line in lines)
                self.server.taken.put(message_from_bytes(mail, policy=policy.default))
                if self.server.hangs:
                    self.server.released.wait(60)
                    return
                if self.server.breaks:
                    self.wfile.write(self.server.breaks.removeprefix(b"-"))
                    return
            self.say("221 bye" if line == "QUIT" else "250 well")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    #: Recipients that are not taken; whether it does not even greet; what it never answers.
    refuses, silent, silent_at = (), False, ()


@contextmanager
def serving(server):
    """Have a server answer in a thread; what it takes is put into its queue `taken`."""
    server.taken, server.asked, server.released = Queue(), Queue(), threading.Event()
    server.status, server.hangs, server.elsewhere = 200, False, ""
    server.breaks = b""
    server.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()


def webhook():
    return serving(ThreadingHTTPServer(("127.0.0.1", 0), Webhook))


def mail_server():
    return serving(MailServer(("127.0.0.1", 0), Mail))
