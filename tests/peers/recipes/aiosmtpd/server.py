"""aiosmtpd as a peer: server.py RUN PORT. STARTTLS and SMTPUTF8 offered, AUTH after TLS.

Writes one JSON line a message on standard output, octets in base64, before it answers.
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REFUSED = {
    "reject550": "550 5.1.1 no such person",
    "tempfail451": "451 4.3.0 try later",
}


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = REFUSED.get(address.split("@")[0])
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        message = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "utf8": envelope.smtp_utf8,
            "b64": base64.b64encode(envelope.original_content).decode(),
        }
        print(json.dumps(message), flush=True)
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and data.login == b"alice" and data.password == b"wonder land"
    return AuthResult(success=known, handled=known)


async def main(run, port):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(f"{run}/tls/good.chain.pem", f"{run}/tls/good.key")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            Keep(),
            hostname="aio.plausch.test",
            enable_SMTPUTF8=True,
            tls_context=tls,
            authenticator=authenticate,
            data_size_limit=102400,
            loop=loop,
        ),
        "127.0.0.1",
        port,
    )
    await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
