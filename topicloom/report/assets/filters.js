// Which papers are shown: a search, values and ranges of columns, a selection; all must hold.
function filtersOf(papers, data) {
  const { total } = papers;
  const state = { text: '', query: [], outliers: true, placed: false, values: new Map(), ranges: new Map() };
  const selected = new Uint8Array(total);  // by lasso or box
  const misses = new Uint32Array(total);  // for each paper a bit for each filter that it misses
  const shown = new Uint8Array(total).fill(1), inTitle = new Uint8Array(total);
  let chosen = 0, bits = new Map(), titles = [], others = [], folding = 0;

  // Folded texts, made in idle time or when a search needs them.
  function fold(until) {
    for (; folding < until; folding++) {
      titles.push(plain(papers.title[folding]));
      others.push(plain(`${papers.authors[folding]}\n${papers.sources[papers.source[folding]]}\n${papers.keywords?.[folding] ?? ''}\n${papers.doi[folding]}\n${papers.ut[folding]}`));
    }
  }
  const idle = window.requestIdleCallback ?? ((task) => setTimeout(() => task({ timeRemaining: () => 5 }), 50));
  function foldInIdleTime(deadline) {
    while (folding < total && deadline.timeRemaining() > 2) fold(Math.min(total, folding + 500));
    if (folding < total) idle(foldInIdleTime);
  }
  idle(foldInIdleTime);

  function tests() {
    const found = [];
    for (const [key, values] of state.values) {
      const column = papers.columns.get(key);
      const wanted = Uint8Array.from(column.sets, (members) => (members.some((member) => values.has(member)) ? 1 : 0));
      found.push([key, (row) => column.codes[row] >= 0 && wanted[column.codes[row]]]);
    }
    for (const [key, [low, high]] of state.ranges) {
      const { values } = papers.columns.get(key);
      found.push([key, (row) => values[row] >= low && values[row] <= high]);  // a missing value is in no range
    }
    if (state.query.length) found.push(['search', searched]);
    if (state.placed) found.push(['placed', (row) => papers.isPlaced[row]]);
    if (chosen) found.push(['selection', (row) => selected[row]]);
    if (!state.outliers) found.push(['outliers', (row) => papers.topic[row] >= 0]);
    return found;
  }

  function searched(row) {
    inTitle[row] = holds(state.query, titles[row]) ? 1 : 0;
    // A word that must not be there must be in none of the paper's texts.
    return holds(state.query, `${titles[row]}\n${others[row]}`);
  }

  return {
    state, selected, shown, inTitle,
    chosen: () => chosen,
    // Look at all papers again; how many are shown.
    apply() {
      if (state.query.length) fold(total);
      misses.fill(0);
      bits = new Map();
      for (const [key, fits] of tests()) {
        const bit = 1 << bits.size;
        bits.set(key, bit);
        for (let row = 0; row < total; row++) if (!fits(row)) misses[row] |= bit;
      }
      let hits = 0;
      for (let row = 0; row < total; row++) hits += shown[row] = misses[row] ? 0 : 1;
      return hits;
    },
    // Papers that all other filters show: what a legend of this column counts.
    without(key) {
      const rest = ~(bits.get(key) ?? 0);
      return Uint8Array.from(misses, (missed) => ((missed & rest) === 0 ? 1 : 0));
    },
    // Hidden outliers are gone; papers that another filter leaves out stay as a shadow.
    stateOf: (row) => (shown[row] ? SHOWN : !state.outliers && papers.topic[row] < 0 ? HIDDEN : FAINT),
    narrows: () => state.query.length > 0 || state.values.size > 0 || state.ranges.size > 0 || state.placed || chosen > 0,
    search(text) { state.text = text; state.query = queryOf(text); },
    values: (key) => state.values.get(key) ?? new Set(),
    setValues(key, values) { if (values.size) state.values.set(key, values); else state.values.delete(key); },
    toggle(key, value) {
      const values = new Set(state.values.get(key));
      if (!values.delete(value)) values.add(value);
      this.setValues(key, values);
    },
    // A range; the ends of the column mean no end.
    setRange(key, low, high) {
      const column = papers.columns.get(key);
      if (low > high) [low, high] = [high, low];
      if (low <= column.low && high >= column.high) state.ranges.delete(key);
      else state.ranges.set(key, [low, high]);
    },
    // Papers are added to the selection, or taken out of it.
    select(rows, out = false) {
      for (const row of rows) selected[row] = out ? 0 : 1;
      chosen = selected.reduce((sum, value) => sum + value, 0);
    },
    unselect() { selected.fill(0); chosen = 0; },
    clear({ selection = true } = {}) {
      if (selection) this.unselect();
      Object.assign(state, { text: '', query: [], outliers: true, placed: false });
      state.values.clear(); state.ranges.clear();
    },
    // The one group that is chosen, by its place in the legend, or null.
    group() {
      const [first, second] = this.values('group');
      return first !== undefined && second === undefined && first < papers.columns.get('group').names.length - 1 ? first : null;
    },
    // The one topic that is chosen, or null.
    topic() {
      const values = [...this.values('topic')];
      return values.length === 1 && values[0] < data.topics.length ? values[0] : null;
    },
  };
}
