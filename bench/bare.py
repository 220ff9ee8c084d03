"""(a) Flask that returns a constant: nothing checked, nothing kept."""

from flask import Flask

app = Flask(__name__)


@app.post("/sms_url")
def sms_url() -> str:
    return "<Response/>"
