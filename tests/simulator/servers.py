"""Servers that behave badly, or encrypt badly: each serves one connection after the other until its `with` ends."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.pem"  # it signed good, expired and elsewhere; unknown signed itself
PATIENCE = 10.0  # seconds after which a connection that nobody closes is given up

Talk = Callable[[socket.socket], None]


def says(*parts: bytes) -> Talk:
    """Say something and then nothing more."""

    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)

    return talk


def endlessly(start: bytes, more: bytes) -> Talk:
    """Say something, and then something else as often and as fast as it is taken."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(more)

    return talk


def slowly(start: bytes, more: bytes) -> Talk:
    """Say something, and then a hundred times a second one byte."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.settimeout(0.01)
        for byte in more:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(bytes([byte]))

    return talk


def is_silent(connection: socket.socket) -> None:
    """Say nothing until the client gives up."""


def resets(connection: socket.socket) -> None:
    """Break the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


@contextmanager
def server(talk: Talk, certificate: str | None = None) -> Iterator[str]:
    """Serve `talk`, which is given each connection when its request has come; with a certificate, by https. Yields its URL."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, talk, context))
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{listening.getsockname()[1]}/voice"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listening: socket.socket, talk: Talk, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(PATIENCE)
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                connection.recv(65536)
                talk(connection)
                while connection.recv(65536):
                    continue
        except OSError:
            connection.close()  # the client had enough
