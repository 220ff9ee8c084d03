/** Speaking instead of typing, in browsers that turn speech into text. */

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
const REASONS = {
  'not-allowed': 'The browser does not let this page use the microphone.',
  'audio-capture': 'There is no microphone.',
  network: 'The browser’s speech recognition cannot be reached.',
  'no-speech': 'Nothing was heard.',
};

/** Makes a button listen while it is pressed in; hidden where the browser cannot. `onWords` is told what was said. */
export function wireMicrophone(button, { onWords, onError }) {
  button.hidden = !Recognition;
  if (!Recognition) return;
  let listening = null;
  button.addEventListener('click', () => {
    if (listening) return listening.stop();
    listening = new Recognition();
    listening.lang = navigator.language;
    listening.onresult = ({ results }) => onWords([...results].map((result) => result[0].transcript).join(' ').trim());
    listening.onerror = ({ error }) => onError(REASONS[error] ?? `Speech recognition failed: ${error}.`);
    listening.onend = () => {
      listening = null;
      button.setAttribute('aria-pressed', 'false');
    };
    button.setAttribute('aria-pressed', 'true');
    return listening.start();
  });
}
