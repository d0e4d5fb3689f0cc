# SPDX-License-Identifier: Apache-2.0
"""For scenarios: Digest by python-requests, NTLM by requests-ntlm, Negotiate by requests-kerberos, which
verifies the token of the server. SSPI::Test::Clients describes input and output."""
import os
import sys

import requests
from requests.auth import HTTPDigestAuth


def log_in(user, password):
    if not user:
        from requests_kerberos import HTTPKerberosAuth, REQUIRED
        return HTTPKerberosAuth(mutual_authentication=REQUIRED)
    if "\\" in user:
        # This loads OpenSSL's legacy provider, which has MD4.
        from cryptography.hazmat.bindings.openssl.binding import Binding
        Binding()
        from requests_ntlm import HttpNtlmAuth
        return HttpNtlmAuth(user, password)
    return HTTPDigestAuth(user, password)


def tell(*fields):
    # requests encodes header values as Latin-1, so octets are passed as Latin-1 characters.
    sys.stdout.buffer.write("\t".join(fields).encode("latin-1", "replace") + b"\n")


def ask(session, method, url, body):
    try:
        answer = session.request(method, url, data=body.encode() or None, timeout=30)
    # requests-ntlm raises StopIteration or PermissionError if the server does not answer its message.
    except (requests.RequestException, ValueError, TypeError, StopIteration, PermissionError) as error:
        tell("0", "", "", repr(error), "", "")
        return
    text = answer.text.splitlines()
    tell(str(answer.status_code), answer.headers.get("X-Sspi-User", ""),
         answer.headers.get("X-Sspi-Mechanism", ""), text[0] if text else "",
         answer.request.headers.get("Authorization", ""),
         answer.headers.get("Authentication-Info", ""))


def converse(method, urls, user, password, times, body):
    session = requests.Session()
    session.trust_env = False
    session.verify = os.environ.get("SSPI_TEST_CA", True)
    session.auth = log_in(user, password)
    for _ in range(int(times)):
        for url in urls.split():
            ask(session, method, url, body)
    tell("end")


for line in sys.stdin:
    converse(*line.rstrip("\n").split("\t"))
