"""TwiML: from the bytes of an answer to verbs that are checked against Twilio's grammar."""
