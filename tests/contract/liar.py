"""A Gmail that lies: a proxy in front of an honest one which changes one thing."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

PASSED_ON = ("authorization", "content-type", "accept")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    honest = ""
    lie = None

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        said = self.pool.request(self.command, self.honest + self.path, headers=headers, body=body)
        answer = type(self).lie(self.path, said.status, said.data)
        if answer is None:  # no answer at all
            self.close_connection = True
            return
        status, content = answer
        self.send_response(status)
        self.send_header("Content-Type", said.headers.get("content-type", "text/html"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the base class names it so

    def log_message(self, *_):
        pass


@contextmanager
def lying(honest, lie):
    """Run the proxy; *lie* is (path, status, body) -> (status, body), or None to cut the line."""
    pool = urllib3.PoolManager(retries=False)
    handler = type("Lying", (Handler,), {"honest": honest, "lie": staticmethod(lie), "pool": pool})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        pool.clear()


def of_json(pattern, change):
    """A lie about answers whose path fits: *change* alters the JSON in place, or returns another."""

    def lie(path, status, body):
        if status == 200 and re.search(pattern, path):
            told = json.loads(body)
            body = json.dumps(change(told) or told).encode()
        return status, body

    return lie


def of_text(pattern, old, new):
    """A lie about answers whose path fits: bytes exchanged."""
    return lambda path, status, body: (status, re.sub(old, new, body) if re.search(pattern, path) else body)


def instead(pattern, only, status, body=b"{}"):
    """Another answer wherever the honest one has the status *only*."""
    return lambda path, said, content: (
        (status, body) if said == only and re.search(pattern, path) else (said, content)
    )
