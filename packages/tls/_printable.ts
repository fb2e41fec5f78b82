/** Controls, format characters (bidi, zero width, tags), separators, unassigned and private characters, surrogates. */
const unprintable = (): RegExp =>
  /[\\\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]/gu;

/** What nearly all text is, and what is not worth the sets of Unicode, which take longer to make than to use. */
const plain = /^[ -[\]-~]*$/;

const escapeOne = (char: string): string => char === "\\" ? "\\\\" : `\\u{${char.codePointAt(0)!.toString(16)}}`;

/** Characters of one name, or of one message, that are shown. */
const shown = 256;

/** The words of others as one line that no terminal acts on, cut where they are very long. */
export const escape = (text: string): string => {
  const cut = text.length > shown ? `${text.slice(0, shown)}…` : text;
  return plain.test(cut) ? cut : cut.replace(unprintable(), escapeOne);
};

/** {@linkcode escape}, in quotation marks. */
export const quote = (text: string): string => `"${escape(text).replaceAll('"', '\\"')}"`;
