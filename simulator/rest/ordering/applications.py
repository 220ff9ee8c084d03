"""Orders for applications, and changes to them."""

from simulator.addresses import Target
from simulator.exchange import Exchange
from simulator.lines import Application
from simulator.rest.form import Form
from simulator.rest.ordering.endpoints import read_address, read_endpoints

MESSAGE_STATUS = ("MessageStatusCallback", "SmsStatusCallback")  # the second is the old name of the first


def make_application(exchange: Exchange, form: Form) -> Application:
    """Make the application that a REST request describes."""
    application = Application(exchange.config.account_sid, exchange.clock.now())
    change_application(exchange, application, form)
    exchange.applications[application.sid] = application
    return application


def change_application(exchange: Exchange, application: Application, form: Form) -> None:
    """Change what a REST request names; what refers to the application follows at once."""
    endpoints = read_endpoints(form, application.endpoints)
    message_status = application.message_status
    for name in MESSAGE_STATUS:
        if name in form:
            message_status = Target(read_address(form, name))
            break
    lookup = form.flag("VoiceCallerIdLookup", application.caller_id_lookup)
    public = form.flag("PublicApplicationConnectEnabled", application.public_connect)
    application.friendly_name = form.label("FriendlyName", application.friendly_name)
    application.endpoints, application.message_status = endpoints, message_status
    application.caller_id_lookup, application.public_connect = lookup, public
    application.updated_at = exchange.clock.now()


def delete_application(exchange: Exchange, application: Application) -> None:
    """Delete an application; numbers that it stood in for ask their own addresses again."""
    del exchange.applications[application.sid]
    for line in exchange.numbers.values():
        if line.voice_application is application:
            line.voice_application = None
        if line.sms_application is application:
            line.sms_application = None
