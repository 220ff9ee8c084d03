/** The page's one stream of events: opened anew when other phones are looked at, and after the line was down. */

const FIRST_RETRY = 500;
const LAST_RETRY = 5000;
const KINDS = ['state', 'handsets', 'request', 'verbs', 'refused'];

export class Stream extends EventTarget {
  #source = null;
  #numbers = [];
  #requests;
  #seen = 0;
  #retry = FIRST_RETRY;
  #timer = null;
  #startedAt = null;

  /** `requests` says whether webhooks are followed, too. */
  constructor({ requests }) {
    super();
    this.#requests = requests;
  }

  /** Looks at these phones from now on; several changes in a row make one new stream. */
  follow(numbers) {
    this.#numbers = [...numbers];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), 0);
  }

  #address() {
    const query = new URLSearchParams(this.#numbers.map((number) => ['phone', number]));
    if (this.#requests) query.set('requests', this.#seen);
    return `/events?${query}`;
  }

  #open() {
    const before = this.#source;
    const source = new EventSource(this.#address());
    this.#source = source;
    const tell = (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail }));
    source.addEventListener('hello', (event) => {
      before?.close(); // not earlier: in between, the phones would answer by themselves
      this.#retry = FIRST_RETRY;
      const hello = JSON.parse(event.data);
      if (this.#startedAt !== null && this.#startedAt !== hello.started_at) tell('restart', hello);
      this.#startedAt = hello.started_at;
      tell('hello', hello);
    });
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        const detail = JSON.parse(event.data);
        if (kind === 'request') this.#seen = Math.max(this.#seen, detail.id);
        tell(kind, detail);
      });
    }
    source.addEventListener('error', () => {
      source.close();
      before?.close();
      if (source !== this.#source) return;
      tell('lost');
      this.#seen = 0; // what changed meanwhile may be any of them
      this.#timer = setTimeout(() => this.#open(), this.#retry);
      this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
    });
  }
}
