"""The refusals of the REST API: each code with its HTTP status and its text.

Codes and statuses are those of https://www.twilio.com/docs/api/errors and of public tests against the real API
(scottswezey/twilio_magic_values, kevinburke/twilio-go); the texts are near to Twilio's and not to be relied on.
"""

from http import HTTPStatus
from typing import Any

REFUSALS: dict[int, tuple[int, str]] = {
    16003: (400, "Could not recognize conference sid or friendly name"),
    16022: (400, "Conference does not exist or is completed"),
    16024: (400, "Invalid participant label: {value}"),
    16026: (400, "Participant label is in use by another participant"),
    16028: (400, "Participant to be coached is not present in the conference"),
    16108: (400, "Request failed due to concurrent recordings"),
    16113: (400, "Cannot download a dual-channel presentation of a mono recording"),
    20001: (400, "Invalid parameter {name}"),
    20002: (400, "Invalid FriendlyName"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20008: (403, "Resource not accessible with Test Account Credentials"),
    20009: (409, "Cannot delete this resource before it is complete"),
    20404: (404, "The requested resource {path} was not found"),
    20413: (413, "Request Entity Too Large"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL: {value}"),
    21206: (400, "Invalid SendDigits"),
    21208: (400, "Invalid Timeout"),
    21209: (400, "Invalid Method: {value}"),
    21210: (400, "The source phone number provided, {number}, is not yet verified for your account."),
    21211: (400, "The 'To' number {number} is not a valid phone number."),
    21212: (400, "The 'From' number {number} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21213: (400, "Caller phone number is required"),
    21214: (400, "'To' phone number cannot be reached"),
    21215: (400, "Account not authorized to call {number}."),
    21216: (400, "Call blocked by the block list"),
    21217: (400, "Phone number does not appear to be valid"),
    21218: (400, "Invalid ApplicationSid"),
    21219: (400, "The number {number} is unverified. Trial accounts may only make calls to verified numbers."),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    21234: (400, "Invalid MachineDetection value"),
    21266: (400, "'To' and 'From' number cannot be the same"),
    21401: (400, "Invalid Phone Number: {number}"),
    21402: (400, "Invalid Url: {value}"),
    21403: (400, "Invalid Method: {value}"),
    21405: (400, "Cannot set VoiceFallbackUrl without setting Url"),
    21406: (400, "Cannot set SmsFallbackUrl without setting SmsUrl"),
    21408: (400, "Permission to send an SMS has not been enabled for the region of the 'To' number: {number}."),
    21420: (400, "ApplicationSid is not accessible"),
    21421: (400, "PhoneNumber is invalid: {number}"),
    21422: (400, "PhoneNumber is not available: {number}"),
    21449: (400, "Number already can be used for outgoing calls and messages: {number}"),
    21450: (400, "Phone number already validated on your account: {number}"),
    21451: (400, "Invalid area code"),
    21452: (400, "No phone numbers found in area code {value}"),
    21454: (400, "Invalid CallDelay"),
    21456: (400, "Invalid CallbackUrl: {value}"),
    21458: (400, "PhoneNumber Provisioning Type Mismatch"),
    21471: (400, "Account does not exist"),
    21475: (400, "Unable to update Status, invalid Status."),
    21477: (400, "Unable to update Status for parent accounts"),
    21481: (400, "Invalid PageToken"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number {number} is not a message-capable phone number of your account."),
    21608: (400, "The number {number} is unverified. Trial accounts cannot send messages to unverified numbers."),
    21609: (400, "Invalid 'StatusCallback': {value}"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "To number: {number}, is not a mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21620: (400, "Invalid media URL: {value}"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21624: (400, "Invalid validity period value"),
    21658: (400, "Parameter {name} exceeded character limit"),
    21701: (400, "The Messaging Service does not exist"),
    21704: (400, "The Messaging Service contains no phone numbers"),
    22002: (409, "Queue {name} is not empty"),
    22003: (400, "A queue with the name {name} already exists"),
    22005: (429, "Call Queue Full: more than 24 hours of calls are waiting"),
    30400: (400, "Parameters are not valid"),
    30409: (400, "This message cannot be canceled"),
    35111: (400, "SendAt timestamp is missing"),
    35114: (400, "SendAt time must be between 300 seconds and 35 days in the future"),
    35115: (400, "Scheduling does not support this timestamp"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
    35126: (400, "The ScheduleType value provided is not supported for this channel"),
}


class RestError(Exception):
    """A refusal of the REST API, by its code; further arguments fill its text."""

    def __init__(self, code: int, **details: str) -> None:
        self.code = code
        self.status, text = REFUSALS[code]
        self.message = text.format_map(details)
        super().__init__(self.message)

    def as_json(self) -> dict[str, Any]:
        """Render the error object."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        body = {"code": self.code, "message": self.message, "more_info": more, "status": self.status}
        return body | {"detail": ""} if self.status == HTTPStatus.UNAUTHORIZED else body  # as captured in 2021
