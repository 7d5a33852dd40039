// The papers as columns, and what each column is called, holds, and how a filter reads it.
const GRID = 65535;  // steps of a coordinate

function papersOf(data) {
  const raw = data.papers, total = raw.x.length;
  const papers = {
    ...raw, total,
    x: Uint16Array.from(raw.x), y: Uint16Array.from(raw.y), topic: Int32Array.from(raw.topic),
    typical: raw.typical.map((tenths) => tenths / 10), isPlaced: new Uint8Array(total), columns: new Map(),
  };
  for (const row of raw.placed) papers.isPlaced[row] = 1;
  const add = (column) => papers.columns.set(column.key, column);
  const single = (count) => Array.from({ length: count }, (_, value) => [value]);
  const outliers = data.topics.length;  // the place behind the last topic
  add({
    key: 'topic', title: 'topic', kind: 'category', fixed: true,
    names: [...data.topics.map(({ label }) => label), 'outliers'],
    codes: Int32Array.from(raw.topic, (number) => (number < 0 ? outliers : number)), sets: single(outliers + 1),
  });
  if (data.levels.length) {
    const groups = data.groups.filter(([level]) => level === 0), none = groups.length;
    const place = new Map(groups.map(([, code], at) => [code, at]));
    add({
      key: 'group', title: 'group of topics', kind: 'category', fixed: true,
      names: [...groups.map(([, , label]) => label), 'outliers'],
      codes: Int32Array.from(raw.topic, (number) => (number < 0 ? none : place.get(data.levels[0][number]))), sets: single(none + 1),
    });
  }
  if (raw.year.some((value) => value > 0)) add(numbered('year', 'year', raw.year.map((value) => value || null)));
  add(numbered('typical', 'typicality', papers.typical.map((value, row) => (raw.topic[row] < 0 ? null : value))));
  if (data.topics.length) add({ key: 'core', title: 'core or periphery', kind: 'category', fixed: true, names: [...data.thirds, 'outliers'], codes: Int32Array.from(raw.core, (third) => (third < 0 ? data.thirds.length : third)), sets: single(data.thirds.length + 1), note: ' Thirds of each topic by typicality.' });
  if (raw.sources.some((name) => name)) {
    const empty = raw.sources.indexOf('');
    add({ key: 'source', title: 'source', kind: 'category', names: raw.sources, codes: Int32Array.from(raw.source, (code) => (code === empty ? -1 : code)), sets: single(raw.sources.length) });
  }
  if (raw.cited?.some((value) => value >= 0)) add(numbered('cited', 'citations', raw.cited.map((value) => (value < 0 ? null : value))));
  for (const [key, names, title] of [['country', raw.countries, 'country'], ['type', raw.types, 'document type']]) {
    if (!raw[key] || !names.some((name) => name)) continue;
    const empty = names.indexOf('');
    add({ key, title, kind: 'category', names, codes: Int32Array.from(raw[key], (code) => (code === empty ? -1 : code)), sets: single(names.length), note: ' Of several the one that is named first.' });
  }
  for (const { key, title, kind, names, sets, codes, values } of data.columns) {
    add(kind === 'number' ? numbered(key, title, values) : { key, title, kind, names, sets: sets ?? single(names.length), codes: Int32Array.from(codes) });
  }
  return papers;
}

// A column of numbers: NaN where a paper has none.
function numbered(key, title, values) {
  const numbers = Float64Array.from(values, (value) => value ?? NaN);
  let low = Infinity, high = -Infinity, whole = true;
  for (const value of numbers) {
    if (Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value % 1) whole = false;
  }
  const known = numbers.filter((value) => !Number.isNaN(value)).sort();
  const middle = known.length ? known[known.length >> 1] : 0;
  // Citations and the like: few papers have most of them.
  const skewed = low >= 0 && high > 20 * Math.max(middle, 1);
  const scaled = skewed ? Math.log1p : (value) => value;
  const [from, to] = [scaled(low), scaled(high)];
  const share = (value) => (to > from ? (scaled(value) - from) / (to - from) : 1);
  const back = (part) => (skewed ? Math.expm1(from + part * (to - from)) : from + part * (to - from));
  return { key, title, kind: 'number', values: numbers, low, high, whole, share, back };
}

// What a column says of a paper, as text.
function valueOf(column, row) {
  if (column.kind === 'number') return Number.isNaN(column.values[row]) ? '' : String(column.values[row]);
  return column.codes[row] < 0 ? '' : column.sets[column.codes[row]].map((code) => column.names[code]).join('; ');
}

// How many papers have each value of a column of categories.
function countsOf(column, among = null) {
  const perSet = new Uint32Array(column.sets.length), counts = new Uint32Array(column.names.length);
  for (let row = 0; row < column.codes.length; row++) if (column.codes[row] >= 0 && (!among || among[row])) perSet[column.codes[row]]++;
  column.sets.forEach((members, code) => { for (const member of members) counts[member] += perSet[code]; });
  return counts;
}
