// What is typed into the search field: words, "phrases", -without, and OR between two of them.

// Letters without accents, and hyphens as spaces: "cross lingual" finds "Cross-lingual".
const plain = (text) => folded(text).replace(/[-_\u2010-\u2015]/g, ' ');

// Clauses, all of which must hold: each a list of words or phrases of which one must, or a word that must not.
function queryOf(typed) {
  const clauses = [];
  let either = false;
  for (const [, minus, phrase, word] of typed.replace(/https?:\/\/(dx\.)?doi\.org\//gi, '').matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    if (word === 'OR' && !minus) { either = clauses.length > 0; continue; }
    const text = plain(phrase ?? word).trim().replace(/\s+/g, ' ');
    if (!text) continue;
    const last = clauses[clauses.length - 1];
    if (either && !minus && !last.without) last.any.push(text);
    else clauses.push({ without: Boolean(minus), any: [text] });
    either = false;
  }
  return clauses;
}

const holds = (clauses, text) => clauses.every(({ without, any }) => any.some((part) => text.includes(part)) !== without);

// A text with what was found in it marked.
function marked(text, clauses) {
  const wanted = clauses.filter(({ without }) => !without).flatMap(({ any }) => any);
  if (!wanted.length) return [text];
  // Where each letter of the folded text comes from, since folding changes lengths.
  let flat = '';
  const from = [];
  let at = 0;
  for (const letter of text) {
    for (const piece of plain(letter)) { flat += piece; for (let unit = 0; unit < piece.length; unit++) from.push(at); }
    at += letter.length;
  }
  from.push(text.length);
  const spans = [];
  for (const part of wanted) for (let place = flat.indexOf(part); place >= 0; place = flat.indexOf(part, place + part.length)) spans.push([from[place], from[place + part.length]]);
  spans.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const nodes = [];
  let done = 0;
  for (const [start, end] of spans) {
    if (start < done) continue;
    nodes.push(text.slice(done, start), make('mark', { textContent: text.slice(start, end) }));
    done = end;
  }
  return [...nodes, text.slice(done)].filter((node) => node !== '');
}
