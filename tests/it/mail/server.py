"""An SMTP server that keeps what it gets: one JSON file for each mail, named by its number.

Mails to refused@… are refused for good, mails to later@… for the first time they come.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder, implicit):
        self.folder = folder
        self.implicit = implicit
        self.count = 0
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@") and address not in self.seen:
            self.seen.add(address)
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.count += 1
        kept = {
            "from": message["from"],
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "id": message["message-id"],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "encrypted": self.implicit or session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        part = self.folder / f"{self.count}.part"
        part.write_text(json.dumps(kept))
        part.rename(self.folder / f"{self.count}.json")
        return "250 OK"


def authenticator(login):
    def check(server, session, envelope, mechanism, data):
        right = login == f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=right, auth_data=data)

    return check


def certificate(folder):
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


async def main(folder, security, login):
    keeper = Keeper(folder, security == "tls")
    options = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if login:
        options |= {
            "authenticator": authenticator(login),
            "auth_required": True,
            "auth_require_tls": security == "starttls",
        }
    context = None if security == "plain" else certificate(folder)
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    implicit = context if security == "tls" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keeper, **options), "127.0.0.1", 0, ssl=implicit)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever started it.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
