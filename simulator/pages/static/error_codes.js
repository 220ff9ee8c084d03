/** What Twilio's error codes for a webhook mean, in a sentence. Source: Twilio's error and warning dictionary. */

const SENTENCES = {
  11200: 'The application could not be fetched, or did not answer with success.',
  11205: 'No connection to the application.',
  11210: 'The host name does not lead anywhere.',
  11215: 'Too many redirects.',
  11750: 'The answer is larger than 64 kB.',
  12100: 'The answer is not well-formed XML.',
  12200: 'The answer is XML, but not valid TwiML.',
  12300: 'The answer has the wrong content type.',
  13420: 'The file to play is not a sound that a phone can play.',
  13520: 'Nothing to say.',
  14107: 'Too many replies in a short time: this looks like a loop.',
  15003: 'The status callback was not answered with success.',
};

/** The meaning of a code, with the simulator's own words about this case, if it has any. */
export function errorSentence(code, detail = '') {
  return [`${code}: ${SENTENCES[code] ?? 'Twilio would report this.'}`, detail].filter(Boolean).join(' ');
}
