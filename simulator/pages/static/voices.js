/** From the voices that TwiML names to those that this browser has. Source: Twilio's list of text-to-speech voices. */

const POLLY = {
  'ar-AE': 'Hala Zayd', 'ca-ES': 'Arlet', 'cmn-CN': 'Zhiyu', 'cy-GB': 'Gwyneth', 'da-DK': 'Mads Naja Sofie',
  'de-AT': 'Hannah', 'de-DE': 'Marlene Vicki Hans Daniel', 'en-AU': 'Nicole Russell Olivia', 'en-GB': 'Amy Emma Brian Arthur',
  'en-IE': 'Niamh', 'en-IN': 'Raveena Aditi Kajal', 'en-NZ': 'Aria',
  'en-US': 'Ivy Joanna Kendra Kimberly Salli Joey Justin Matthew Kevin Ruth Stephen Danielle Gregory', 'en-ZA': 'Ayanda',
  'es-ES': 'Conchita Lucia Enrique Sergio', 'es-MX': 'Mia Andres', 'es-US': 'Lupe Penelope Miguel Pedro', 'fi-FI': 'Suvi',
  'fr-CA': 'Chantal Gabrielle Liam', 'fr-FR': 'Celine Lea Mathieu Remi', 'is-IS': 'Dora Karl', 'it-IT': 'Carla Bianca Giorgio Adriano',
  'ja-JP': 'Mizuki Takumi Kazuha Tomoko', 'ko-KR': 'Seoyeon', 'nb-NO': 'Liv Ida', 'nl-BE': 'Lisa', 'nl-NL': 'Lotte Ruben Laura',
  'pl-PL': 'Ewa Maja Jacek Jan Ola', 'pt-BR': 'Camila Vitoria Ricardo Thiago', 'pt-PT': 'Ines Cristiano', 'ro-RO': 'Carmen',
  'ru-RU': 'Tatyana Maxim', 'sv-SE': 'Astrid Elin', 'tr-TR': 'Filiz Burcu', 'yue-CN': 'Hiujin',
};
const MEN = new Set(
  'Zayd Mads Hans Daniel Russell Brian Arthur Joey Justin Matthew Kevin Stephen Gregory Enrique Sergio Andres Miguel Pedro Liam '
    .concat('Mathieu Remi Karl Giorgio Adriano Takumi Ruben Jacek Jan Ricardo Thiago Cristiano Maxim').split(' '),
);

/** The language of a Say: the one given, or that of its voice, or Twilio's default. */
export function languageOf(voice, language) {
  if (language) return language;
  const name = (voice ?? '').replace(/^Polly\./i, '').replace(/-(Neural|Generative)$/i, '');
  const polly = Object.entries(POLLY).find(([, names]) => names.split(' ').includes(name));
  return polly?.[0] ?? voice?.match(/\b([a-z]{2,3}-[A-Z]{2})\b/)?.[1] ?? 'en-US';
}

export function isMan(voice) {
  const name = (voice ?? '').replace(/^Polly\./i, '').split('-')[0];
  return name === 'man' || MEN.has(name);
}

/** One of the browser's voices for a language: of that country, else of that language, else none of ours to choose. */
export function pickVoice(voices, language) {
  const wanted = language.replace('cmn-', 'zh-').toLowerCase();
  const tag = (voice) => voice.lang.replace('_', '-').toLowerCase();
  return (
    voices.find((voice) => tag(voice) === wanted)
    ?? voices.find((voice) => tag(voice).split('-')[0] === wanted.split('-')[0])
    ?? null
  );
}
