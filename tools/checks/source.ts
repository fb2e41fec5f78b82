/** An import or re-export as a source text writes it. */
export interface Import {
  /** What is imported; undefined if it is computed at run time. */
  readonly specifier: string | undefined;
  /** The line of the specifier, from 1. */
  readonly line: number;
}

/** The line of an offset, from 1. */
export const lineAt = (text: string, offset: number): number => {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
};

/** Every character but line ends as a space: what is hidden keeps its place. */
const blank = (text: string): string => text.replace(/[^\n]/g, " ");

const hollow = (literal: string): string => literal[0] + blank(literal.slice(1, -1)) + literal[0];

const comment = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
const string = /"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'/y;
const regexp = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const templateText = /(?:\\[^]|\$(?!\{)|[^`\\$])*/y;
const word = /[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*/yu;
const space = /\s+/y;

/** Behind these words a slash begins a pattern, behind every other word it divides. */
const operators = new Set("await case delete do else in instanceof new of return throw typeof void yield".split(" "));

/**
 * The code of a TypeScript source: comments, and what is inside of texts, templates and patterns, turned to spaces. Code
 * within templates stays. Offsets and lines are those of the source.
 */
export const codeOf = (source: string): string => {
  let out = "";
  let at = 0;
  let canDivide = false;
  /** The open braces; true: the brace of a template's `${`. */
  const braces: Array<boolean> = [];

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  /** The text of a template up to its end or to the next `${`. */
  const template = () => {
    out += blank(take(templateText) ?? "");
    if (source.startsWith("${", at)) {
      out += "${";
      at += 2;
      braces.push(true);
      canDivide = false;
    } else {
      out += source.charAt(at++);
      canDivide = true;
    }
  };

  while (at < source.length) {
    const hidden = take(comment);
    const literal = hidden === undefined ? take(string) : undefined;
    const pattern = hidden === undefined && literal === undefined && !canDivide ? take(regexp) : undefined;
    if (hidden !== undefined) out += blank(hidden);
    else if (literal !== undefined || pattern !== undefined) {
      out += literal !== undefined ? hollow(literal) : blank(pattern!);
      canDivide = true;
    } else {
      const name = take(word);
      const gap = name === undefined ? take(space) : undefined;
      if (name !== undefined) canDivide = !operators.has(name);
      if (name !== undefined || gap !== undefined) {
        out += name ?? gap;
        continue;
      }
      const char = source.charAt(at++);
      out += char;
      canDivide = char === ")" || char === "]";
      if (char === "{") braces.push(false);
      if (char === "`" || (char === "}" && braces.pop())) template();
    }
  }
  return out;
};

const importing =
  /(?<![\w$.])(?:import\s*(?<side>["'])|(?:import|export)\b[^;"'()]*?\bfrom\s*(?<from>["'])|import\s*\(\s*(?<call>["']?))/g;

/** Every import and re-export of a source, types and `import()` included, in order. */
export const importsOf = (source: string): ReadonlyArray<Import> => {
  const code = codeOf(source);
  return Array.from(code.matchAll(importing), (match) => {
    const start = match.index + match[0].length;
    const quote = match.groups!["side"] ?? match.groups!["from"] ?? match.groups!["call"];
    return {
      specifier: quote ? source.slice(start, code.indexOf(quote, start)) : undefined,
      line: lineAt(source, start),
    };
  });
};
