# SPDX-License-Identifier: Apache-2.0
"""For scenarios: Digest by libsoup, which sends username* and uses nextnonce, NTLM and Negotiate.
SSPI::Test::Clients describes input and output."""
import os
import sys

import gi

gi.require_version("Soup", "3.0")
from gi.repository import Gio, GLib, Soup  # noqa: E402


def make_message(method, url, user, password, body):
    message = Soup.Message.new(method, url)

    # libsoup frees the body with each answer.
    def set_body(_message):
        if body:
            octets = GLib.Bytes.new(body.encode())
            message.set_request_body_from_bytes("application/octet-stream", octets)

    def log_in(_message, auth, retrying):
        if not retrying:
            auth.authenticate(user, password)
        return not retrying

    set_body(message)
    message.connect("restarted", set_body)
    message.connect("authenticate", log_in)
    return message


def ask(session, method, url, user, password, body):
    """Prints one answer. Returns (status, whether it has another nonce)."""
    message = make_message(method, url, user, password, body)
    try:
        data = session.send_and_read(message, None).get_data() or b""
    except GLib.Error as error:
        print("\t".join(["0", "", "", str(error), "", ""]))
        return 0, False
    text = data.decode("utf-8", "replace").splitlines()
    status = int(message.get_status())
    headers = message.get_response_headers()
    info = headers.get_one("Authentication-Info") or ""
    print("\t".join([
        str(status), headers.get_one("X-Sspi-User") or "",
        headers.get_one("X-Sspi-Mechanism") or "", text[0] if text else "",
        message.get_request_headers().get_one("Authorization") or "", info]))
    return status, "nextnonce=" in info


def converse(method, urls, user, password, times, body):
    session = Soup.Session(proxy_resolver=None, timeout=30)
    if "SSPI_TEST_CA" in os.environ:
        session.set_tls_database(Gio.TlsFileDatabase.new(os.environ["SSPI_TEST_CA"]))
    scheme = Soup.AuthNegotiate if not user else Soup.AuthNTLM if "\\" in user else Soup.AuthDigest
    session.add_feature_by_type(scheme.__gtype__)
    if times == "nextnonce":
        status, next_nonce = 200, False
        while status == 200 and not next_nonce:
            status, next_nonce = ask(session, method, urls, user, password, body)
        ask(session, method, urls, user, password, body)
    else:
        for _ in range(int(times)):
            for url in urls.split():
                ask(session, method, url, user, password, body)
    print("end", flush=True)


for line in sys.stdin:
    converse(*line.rstrip("\n").split("\t"))
