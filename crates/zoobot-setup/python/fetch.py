"""Fetches URL into FILE, resuming where an earlier attempt stopped.

usage: fetch.py URL FILE LABEL

Run by the set-up, which checks the result's SHA-256 itself. Ends with 0 when the file is
complete, 3 when the server refuses (an HTTP error that another attempt would not change), 1 otherwise.
Only the standard library is needed; proxies come from the environment, as does a certificate.
"""

import os
import ssl
import sys
import time
import urllib.error
import urllib.request

ATTEMPTS = 5
CHUNK = 1 << 18


class Progress:
    """One line that rewrites itself on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, label, start, total):
        self.label, self.start, self.total = label, start, total
        self.began = self.shown = time.monotonic()
        self.tty = sys.stdout.isatty()

    def show(self, done, last=False):
        now = time.monotonic()
        if not last and now - self.shown < (0.2 if self.tty else 10):
            return
        self.shown = now
        rate = (done - self.start) / max(now - self.began, 1e-3) / 1e6
        of = f" of {self.total / 1e6:.1f}" if self.total else ""
        line = f"  {self.label}  {done / 1e6:.1f}{of} MB  {rate:.1f} MB/s"
        if self.tty:
            print(f"\r\x1b[K{line}", end="\n" if last else "", flush=True)
        else:
            print(line, flush=True)


def certificates():
    """The system's certificates, pip's own set, and any that the environment names."""
    context = ssl.create_default_context()
    files = [os.environ.get(name) for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    try:
        import certifi

        files.append(certifi.where())
    except ImportError:
        pass
    for file in files:
        if file and os.path.isfile(file):
            context.load_verify_locations(file)
    return context


def attempt(url, file, label, context):
    """One connection; raises OSError when it ends before the file does."""
    have = os.path.getsize(file) if os.path.exists(file) else 0
    headers = {"User-Agent": "zoobot-setup", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        # A server that ignores ranges sends everything again.
        expected = f"bytes {have}-"
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(expected)
        if have and not resumed:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        progress = Progress(label, have, total)
        with open(file, "ab" if have else "wb") as out:
            done = have
            while chunk := answer.read(CHUNK):
                out.write(chunk)
                done += len(chunk)
                progress.show(done)
        progress.show(done, last=True)
    if total is not None and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes")


def main(url, file, label):
    context = certificates()
    for number in range(1, ATTEMPTS + 1):
        try:
            attempt(url, file, label, context)
            return 0
        except urllib.error.HTTPError as error:
            if error.code == 416:
                # Nothing is left to send: the file is complete, or not this file at all.
                # The checksum decides.
                return 0
            if error.code < 500 and error.code not in (408, 429):
                print(f"  {label}: {url} answers {error.code} {error.reason}", file=sys.stderr)
                return 3
            problem = error
        except OSError as error:
            problem = error
        if number < ATTEMPTS:
            wait = 2 ** (number - 1)
            print(f"  {label}: {problem}; going on in {wait} s", file=sys.stderr, flush=True)
            time.sleep(wait)
    print(f"  {label}: {problem}; gave up after {ATTEMPTS} attempts", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
