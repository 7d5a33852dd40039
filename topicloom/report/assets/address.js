// The state of the map in the page's address, by lasting ids: Back works, and links can be sent.
// #map?q=words&t=T-A7CZWNAA&c=year&r=year:2016..2019&f=source:Cells&v=0.5,0.5,2&o=0&new=1

const HERE = '#map?';

function addressOf(papers, data, filters, view, colour) {
  const byUid = new Map(data.topics.map(({ uid }, number) => [uid, number]).filter(([uid]) => uid));
  const nameOf = (number) => (number === data.topics.length ? 'outliers' : data.topics[number].uid || `n${number}`);
  const numberOf = (name) => (name === 'outliers' ? data.topics.length : byUid.get(name) ?? (/^n\d+$/.test(name) && Number(name.slice(1)) < data.topics.length ? Number(name.slice(1)) : null));
  let written = '', waiting = 0;

  function text() {
    const { state } = filters, parts = new URLSearchParams();
    if (state.text.trim()) parts.set('q', state.text.trim());
    for (const [key, values] of state.values) {
      if (key === 'topic') parts.set('t', [...values].map(nameOf).join(','));
      else for (const value of values) parts.append('f', `${key}:${papers.columns.get(key).names[value]}`);
    }
    for (const [key, [low, high]] of state.ranges) parts.append('r', `${key}:${low}..${high}`);
    if (colour.value !== 'topic') parts.set('c', colour.value);
    if (!state.outliers) parts.set('o', '0');
    if (state.placed) parts.set('new', '1');
    if (!view.isWhole()) { const [x, y] = view.centre(); parts.set('v', [x.toFixed(4), y.toFixed(4), view.scale.toFixed(2)].join(',')); }
    return parts.size ? HERE + String(parts).replaceAll('%2C', ',').replaceAll('%3A', ':') : '';
  }
  // What a step back should undo: all but the view, and letters of a search.
  const steps = (hash) => { const parts = new URLSearchParams(hash.slice(HERE.length)); parts.delete('v'); parts.set('q', parts.has('q') ? '1' : ''); return parts.toString(); };

  function write() {
    const next = text();
    if (next === written) return;
    const how = steps(next) === steps(written) ? 'replaceState' : 'pushState';
    written = next;
    try { history[how](null, '', next || HERE); } catch { /* a page within another may not */ }
  }

  // Set everything by what the address says; whether it said anything.
  function read() {
    if (!location.hash.startsWith(HERE)) return false;
    written = location.hash;
    const parts = new URLSearchParams(location.hash.slice(HERE.length)), column = (key) => papers.columns.get(key);
    filters.clear({ selection: false });
    filters.search(parts.get('q') ?? '');
    const topics = (parts.get('t') ?? '').split(',').map(numberOf).filter((number) => number !== null && number !== undefined);
    filters.setValues('topic', new Set(parts.get('t') ? topics : []));
    for (const part of parts.getAll('f')) {
      // The name of a column may hold colons, too.
      const found = [...papers.columns.values()].find(({ key, names }) => names && part.startsWith(`${key}:`));
      const value = found?.names.indexOf(part.slice(found.key.length + 1)) ?? -1;
      if (value >= 0) filters.setValues(found.key, filters.values(found.key).add(value));
    }
    for (const part of parts.getAll('r')) {
      const [, key, low, high] = /^(.+):(-?[\d.e+-]+)\.\.(-?[\d.e+-]+)$/.exec(part) ?? [];
      if (column(key)?.kind === 'number' && Number.isFinite(Number(low)) && Number.isFinite(Number(high))) filters.setRange(key, Number(low), Number(high));
    }
    colour.value = column(parts.get('c')) ? parts.get('c') : 'topic';
    filters.state.outliers = parts.get('o') !== '0';
    filters.state.placed = parts.get('new') === '1';
    const [x, y, scale] = (parts.get('v') ?? '').split(',').map(Number);
    if (parts.has('v') && [x, y, scale].every(Number.isFinite)) view.centreOn(x, y, scale); else view.fit();
    return true;
  }

  return {
    read,
    write() { clearTimeout(waiting); write(); },
    // While the map moves: once it rests.
    later() { clearTimeout(waiting); waiting = setTimeout(write, 300); },
    link() { write(); return `${location.href.split('#')[0]}${text() || '#map'}`; },
  };
}
