# SPDX-License-Identifier: Apache-2.0
"""For scenarios: Digest by python-requests. SSPI::Test::Clients describes input and output."""
import sys

import requests
from requests.auth import HTTPDigestAuth


def tell(*fields):
    # What goes through the headers of requests are octets in the guise of Latin-1.
    sys.stdout.buffer.write("\t".join(fields).encode("latin-1", "replace") + b"\n")


def ask(session, method, url, body):
    try:
        answer = session.request(method, url, data=body.encode() or None, timeout=30)
    except (requests.RequestException, ValueError, TypeError) as error:
        tell("0", "", "", str(error), "", "")
        return
    text = answer.text.splitlines()
    tell(str(answer.status_code), answer.headers.get("X-Sspi-User", ""),
         answer.headers.get("X-Sspi-Mechanism", ""), text[0] if text else "",
         answer.request.headers.get("Authorization", ""),
         answer.headers.get("Authentication-Info", ""))


def converse(method, urls, user, password, times, body):
    session = requests.Session()
    session.trust_env = False
    session.auth = HTTPDigestAuth(user, password)
    for _ in range(int(times)):
        for url in urls.split():
            ask(session, method, url, body)
    tell("end")


for line in sys.stdin:
    converse(*line.rstrip("\n").split("\t"))
