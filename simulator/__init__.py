"""A stand-in for Twilio: its REST API, its webhooks, and phones that ring on this machine."""
