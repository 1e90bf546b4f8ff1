"""A server of one file for the tests of the download; prints its port, logs each Range header."""

import socketserver
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

MODE = sys.argv[1]
DATA = open("served", "rb").read()


class Handler(BaseHTTPRequestHandler):
    asked = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/file":
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        with open("log", "a") as log:
            print(wanted or "none", file=log)
        Handler.asked += 1
        start = 0
        if wanted and MODE != "no-ranges":
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(DATA):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        cut = MODE == "cut" and Handler.asked == 1
        self.wfile.write(DATA[start : len(DATA) // 2 if cut else None])


class Server(HTTPServer):
    # The default looks up this machine's name on the network.
    server_bind = socketserver.TCPServer.server_bind


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
