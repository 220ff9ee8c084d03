"""The application with a fifth of its patience, for tests of outages: they last that much shorter."""

from app import patience

patience.PATIENCE /= 5
patience.IN_ALL /= 5

from wsgi import app  # noqa: E402, F401
