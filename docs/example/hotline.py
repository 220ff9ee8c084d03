"""A hotline in plain Flask: a menu, people who are called, voicemail, and a text back. It knows nothing of the simulator."""

from flask import Flask, Response, request
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

ON_CALL = "+15550004444"

app = Flask(__name__)


def answer(document: VoiceResponse | MessagingResponse) -> Response:
    return Response(str(document), mimetype="text/xml")


@app.post("/voice")
def voice() -> Response:
    document = VoiceResponse()
    menu = Gather(num_digits=1, action="/menu", timeout=4)
    menu.say("Press 1 to speak to somebody, or 2 to leave a message.")
    document.append(menu)
    document.say("We did not hear you. Goodbye.")
    return answer(document)


@app.post("/menu")
def menu() -> Response:
    document = VoiceResponse()
    if request.form["Digits"] == "1":
        dial = Dial(action="/dialled", timeout=10)
        dial.number(ON_CALL)
        document.append(dial)
    elif request.form["Digits"] == "2":
        document.say("Please speak after the tone.")
        document.record(action="/recorded", max_length=60)
    else:
        document.say("There is no such choice.")
        document.redirect("/voice")
    return answer(document)


@app.post("/dialled")
def dialled() -> Response:
    document = VoiceResponse()
    if request.form["DialCallStatus"] != "completed":
        document.say("Nobody is free. Please speak after the tone.")
        document.record(action="/recorded", max_length=60)
    return answer(document)


@app.post("/recorded")
def recorded() -> Response:
    document = VoiceResponse()
    document.sms(f"Voicemail of {request.form['RecordingDuration']} seconds: {request.form['RecordingUrl']}", to=ON_CALL)
    document.say("Thank you.")
    return answer(document)


@app.post("/sms")
def sms() -> Response:
    document = MessagingResponse()
    document.message(f"You wrote {len(request.form['Body'])} characters. Please call us.")
    return answer(document)
