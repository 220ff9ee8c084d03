"""The application that gunicorn and `flask` run."""

import logging
import sys

from app import create_app
from app.flow import FlowError
from app.settings import SettingsError

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
try:
    app = create_app()
except (SettingsError, FlowError) as error:
    sys.exit(str(error))
