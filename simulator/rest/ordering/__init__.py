"""What a REST request orders or changes, checked as Twilio checks it: a module for each kind."""
