"""(c) Flask with Flask-SQLAlchemy, as its quick start writes it: the signature is checked, the message kept.

https://flask-sqlalchemy.readthedocs.io/en/stable/quickstart/
"""

import os
from contextlib import suppress

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from twilio.twiml.messaging_response import MessagingResponse

from bench.docs import validate_twilio_request


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db.init_app(app)


class Message(Base):
    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(unique=True)
    from_number: Mapped[str]
    to_number: Mapped[str]
    body: Mapped[str]


with app.app_context():
    Base.metadata.create_all(db.engine)


@app.post("/sms_url")
@validate_twilio_request
def sms_url() -> str:
    form = request.form
    db.session.add(Message(sid=form["MessageSid"], from_number=form["From"], to_number=form["To"], body=form["Body"]))
    with suppress(IntegrityError):  # it came before
        db.session.commit()
    response = MessagingResponse()
    response.message("Hey, thanks for the ping! Twilio and Azure rock!")
    return str(response)
