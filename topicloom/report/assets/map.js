// The map: points on a canvas, labels by zoom, hover, filters, and the list of papers.
const GRID = 65535, LISTED = 200, CELLS = 160, MARGIN = 0.05;

function paperMap(data) {
  const canvas = element('canvas'), context = canvas.getContext('2d'), tip = element('tip');
  const { x, y, topic, year, typical, title, doi, ut, authors, source, sources } = data.papers;
  const total = x.length;
  const view = { scale: 1, left: 0, top: 0, width: 1, height: 1, ratio: 1 };
  const filter = { query: [], topic: null, from: null, to: null, orphans: true, byYear: false, placed: false };
  const placed = new Uint8Array(x.length);
  for (const row of data.papers.placed) placed[row] = 1;
  const shown = new Uint8Array(total).fill(1);
  let filtering = false, hits = total, base = 1, frame = 0, chosen = -1, titles = null, others = null;

  // Points by topic, the outliers first, so that the colour changes once a topic.
  const order = Uint32Array.from({ length: total }, (_, row) => row).sort((a, b) => topic[a] - topic[b] || a - b);
  const yearsKnown = year.filter((value) => value > 0);
  const firstYear = yearsKnown.reduce((a, b) => Math.min(a, b), Infinity);
  const lastYear = yearsKnown.reduce((a, b) => Math.max(a, b), -Infinity);

  // A grid of cells, each with its points, to find what is under the pointer.
  const cells = Array.from({ length: CELLS * CELLS }, () => []);
  const cellOf = (value) => Math.min(CELLS - 1, Math.floor((value / (GRID + 1)) * CELLS));
  for (let row = 0; row < total; row++) cells[cellOf(y[row]) * CELLS + cellOf(x[row])].push(row);

  const across = data.aspect >= 1 ? 1 : data.aspect, up = data.aspect >= 1 ? 1 / data.aspect : 1;
  const screenX = (value) => (value / GRID) * across * base * view.scale + view.left;
  const screenY = (value) => (1 - value / GRID) * up * base * view.scale + view.top;
  const dataX = (pixel) => ((pixel - view.left) / (across * base * view.scale)) * GRID;
  const dataY = (pixel) => (1 - (pixel - view.top) / (up * base * view.scale)) * GRID;

  function fit() {
    base = Math.min(view.width / across, view.height / up) * (1 - 2 * MARGIN);
    view.scale = 1;
    view.left = (view.width - across * base) / 2;
    view.top = (view.height - up * base) / 2;
    redraw();
  }

  function resize() {
    const box = canvas.getBoundingClientRect();
    const first = view.width === 1;
    view.ratio = window.devicePixelRatio || 1;
    const [width, height] = [view.width, view.height];
    view.width = box.width; view.height = box.height;
    canvas.width = Math.round(box.width * view.ratio); canvas.height = Math.round(box.height * view.ratio);
    if (first || (view.scale === 1 && (width !== box.width || height !== box.height))) fit(); else redraw();
  }

  const named = [];  // labels that the map shows now
  const redraw = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(); }); };

  function yearColour(value) {
    if (!value) return colourOf('--outlier');
    const share = lastYear > firstYear ? (value - firstYear) / (lastYear - firstYear) : 1;
    return `hsl(${265 - 205 * share} ${55 + 25 * share}% ${38 + 18 * share}%)`;
  }

  function draw() {
    const size = Math.max(1.2, Math.min(7, (260 / Math.sqrt(total)) * Math.sqrt(view.scale)));
    const outlier = colourOf('--outlier'), half = size / 2;
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.fillStyle = colourOf('--paper');
    context.fillRect(0, 0, view.width, view.height);
    for (const pass of filtering ? [0, 1] : [1]) {
      let last = -2;
      for (const row of order) {
        if (filtering && shown[row] !== pass) continue;
        if (topic[row] < 0 && !filter.orphans) continue;
        const left = screenX(x[row]), top = screenY(y[row]);
        if (left < -8 || top < -8 || left > view.width + 8 || top > view.height + 8) continue;
        const key = filter.byYear ? year[row] : topic[row];
        if (key !== last) {
          last = key;
          context.fillStyle = filter.byYear ? yearColour(key) : key < 0 ? outlier : data.topics[key].colour;
          context.globalAlpha = pass === 0 ? 0.07 : topic[row] < 0 ? 0.45 : 0.8;
        }
        context.fillRect(left - half, top - half, size, size);
      }
    }
    context.globalAlpha = 1;
    outline(size);
    if (chosen >= 0) ring(chosen, size);
    labels();
    canvas.dataset.named = named.join('\n');
  }

  // Papers that were placed among fitted ones.
  function outline(size) {
    context.strokeStyle = colourOf('--ink');
    context.lineWidth = 1;
    const half = size / 2 + 1;
    for (const row of data.papers.placed) {
      if (!visible(row)) continue;
      // On whole pixels, so that the line is sharp.
      const left = Math.round(screenX(x[row]) - half) - 0.5, top = Math.round(screenY(y[row]) - half) - 0.5;
      context.strokeRect(left, top, Math.round(2 * half) + 1, Math.round(2 * half) + 1);
    }
  }

  function ring(row, size) {
    context.strokeStyle = colourOf('--ink');
    context.lineWidth = 2;
    context.beginPath();
    context.arc(screenX(x[row]), screenY(y[row]), size / 2 + 4, 0, 7);
    context.stroke();
  }

  // Coarse groups from afar, finer ones as one comes nearer; a label that would collide stays away.
  function labels() {
    const levels = data.groups.length ? data.groups[data.groups.length - 1][0] + 1 : 0;
    if (!levels) return;
    const finest = Math.min(levels - 1, Math.floor(1.5 + Math.log2(Math.max(view.scale, 1)) * 0.9));
    const coarsest = Math.max(0, finest - 1);
    const taken = [], said = new Set(), paper = colourOf('--paper'), ink = colourOf('--ink');
    context.textAlign = 'center'; context.textBaseline = 'middle'; context.lineJoin = 'round';
    context.strokeStyle = paper; context.lineWidth = 3.5; context.fillStyle = ink;
    let written = 0;
    named.length = 0;
    for (const [level, label, at, height] of data.groups) {
      if (level < coarsest || level > finest || written > 70 || said.has(label)) continue;
      const left = screenX(at), top = screenY(height);
      if (left < 0 || top < 0 || left > view.width || top > view.height) continue;
      const large = level === coarsest && levels > 1;
      // Of the coarsest groups none stays without a name: beside its place, then smaller.
      const tries = large ? [[0, 14], [1, 14], [1, 11.5]] : [[0, 11.5]];
      let fits = null;
      for (const [around, size] of tries) {
        context.font = `${large ? 650 : 450} ${size}px system-ui, sans-serif`;
        const lines = wrap(label, large ? 24 : 26), step = size * 1.16;
        const wide = Math.max(...lines.map((line) => context.measureText(line).width)) / 2 + 4;
        const tall = (lines.length * step) / 2 + 2;
        const free = ([across, down]) => {
          const box = [across - wide, down - tall, across + wide, down + tall];
          const inside = box[0] >= 0 && box[1] >= 0 && box[2] <= view.width && box[3] <= view.height && !(box[2] > view.width - 130 && box[3] > view.height - 50);
          return inside && !taken.some((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1]) ? { lines, step, box, across, down, size } : null;
        };
        const reach = around ? [1, 1.6, 2.4] : [0];
        for (const far of reach) {
          for (const [dx, dy] of around ? [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]] : [[0, 0]]) {
            fits ??= free([left + dx * far * wide, top + dy * far * 2 * tall]);
          }
        }
        if (fits) break;
      }
      if (!fits) continue;
      const { lines, step, box, across, down, size } = fits;
      context.font = `${large ? 650 : 450} ${size}px system-ui, sans-serif`;
      taken.push(box); said.add(label); named.push(label); written++;
      lines.forEach((line, index) => {
        const place = down + (index - (lines.length - 1) / 2) * step;
        context.strokeText(line, across, place);
        context.fillText(line, across, place);
      });
    }
  }

  function wrap(text, width) {
    const lines = [''];
    for (const word of text.split(' ')) {
      const last = lines.length - 1;
      if (lines[last] && lines[last].length + word.length >= width) lines.push(word);
      else lines[last] += (lines[last] ? ' ' : '') + word;
    }
    return lines.slice(0, 3).map((line) => (line.length > width + 8 ? `${line.slice(0, width + 7)}…` : line));
  }

  const visible = (row) => shown[row] && (topic[row] >= 0 || filter.orphans);

  // Visible papers within some pixels of a point, the nearest first.
  function near(left, top, pixels) {
    const found = [], reach = (pixels / (base * view.scale * Math.min(across, up))) * GRID;
    const [cx, cy] = [dataX(left), dataY(top)];
    for (let v = cellOf(Math.max(0, cy - reach)); v <= cellOf(Math.min(GRID, Math.max(0, cy + reach))); v++) {
      for (let u = cellOf(Math.max(0, cx - reach)); u <= cellOf(Math.min(GRID, Math.max(0, cx + reach))); u++) {
        for (const row of cells[v * CELLS + u]) {
          const away = Math.hypot(screenX(x[row]) - left, screenY(y[row]) - top);
          if (away <= pixels && visible(row)) found.push([away, row]);
        }
      }
    }
    return found.sort((a, b) => a[0] - b[0]).map(([, row]) => row);
  }

  const topicName = (row) => (topic[row] < 0 ? 'outlier' : data.topics[topic[row]].label);

  function hover(left, top) {
    const [row] = near(left, top, 10);
    tip.hidden = row === undefined;
    if (row === undefined) return;
    const meta = [year[row] || null, topicName(row), topic[row] >= 0 ? `typicality ${typical[row]}` : null, placed[row] ? 'new' : null];
    tip.replaceChildren(make('p', { dir: 'auto', textContent: title[row] }), make('p', { className: 'meta', textContent: meta.filter(Boolean).join(' · ') }));
    tip.style.left = `${Math.min(left + 14, Math.max(4, view.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${top + tip.offsetHeight + 20 > view.height ? top - tip.offsetHeight - 10 : top + 14}px`;
  }

  function list(rows, heading, topics = []) {
    const first = rows.slice(0, LISTED);
    element('found-topics').hidden = !topics.length;
    element('found-topics').replaceChildren('Topics of that name: ', ...topics.slice(0, 8).flatMap((number, place) => {
      const button = make('button', { type: 'button', className: 'link', textContent: `${data.topics[number].label} (${data.topics[number].count})`, dir: 'auto' });
      button.addEventListener('click', () => { element('search').value = ''; filter.query = []; showTopic(number); });
      return place ? [', ', button] : [button];
    }), topics.length > 8 ? `, and ${topics.length - 8} more` : '');
    element('listed').textContent = heading + (rows.length > LISTED ? `, the first ${LISTED} of them:` : rows.length ? ':' : '');
    element('papers').replaceChildren(...first.map((row) => {
      const name = doi[row] ? make('a', { href: doiLink(doi[row]), target: '_blank', rel: 'noopener noreferrer' }, ...marked(title[row], filter.query)) : make('span', {}, ...marked(title[row], filter.query));
      const mark = make('span', { className: 'dot' });
      mark.style.background = topic[row] < 0 ? 'var(--outlier)' : data.topics[topic[row]].colour;
      const meta = [year[row] || null, topicName(row), topic[row] >= 0 ? `typicality ${typical[row]}` : null].filter(Boolean).join(' · ');
      const where = [authors[row], sources[source[row]]].filter(Boolean).join('. ');
      const ids = filter.query.length ? [doi[row], ut[row]].filter((id) => id && filter.query.some(({ any }) => any.some((part) => plain(id).includes(part)))).join(' · ') : '';
      const item = make('li', {}, make('div', { dir: 'auto' }, name), ...[where, ids].filter(Boolean).map((text) => make('small', { className: 'where', dir: 'auto' }, ...marked(text, filter.query))), make('small', {}, mark, meta));
      item.addEventListener('mouseenter', () => { chosen = row; redraw(); });
      return item;
    }));
  }

  const counted = (number) => `${number.toLocaleString('en')} ${number === 1 ? 'paper' : 'papers'}`;

  function listNear(left, top) {
    const rows = near(left, top, 22);
    chosen = rows.length ? rows[0] : -1;
    list(rows, rows.length ? `${counted(rows.length)} there` : 'No paper there');
    redraw();
  }

  function apply() {
    filtering = filter.query.length > 0 || filter.topic !== null || filter.from !== null || filter.to !== null || filter.placed;
    if (filter.query.length && !titles) {
      titles = title.map(plain);
      others = title.map((_, row) => plain(`${authors[row]}\n${sources[source[row]]}\n${doi[row]}\n${ut[row]}`));
    }
    hits = 0; chosen = -1;
    const found = [], elsewhere = [];
    for (let row = 0; row < total; row++) {
      let fits = (filter.topic === null || topic[row] === filter.topic)
        && (filter.from === null || year[row] >= filter.from)
        && (filter.to === null || (year[row] > 0 && year[row] <= filter.to))
        && (!filter.placed || placed[row]);
      const inTitle = fits && (!filter.query.length || holds(filter.query, titles[row]));
      // A word that must not be there must be in none of the paper's texts.
      if (fits && filter.query.length) fits = holds(filter.query, `${titles[row]}\n${others[row]}`);
      shown[row] = fits ? 1 : 0;
      if (fits && (topic[row] >= 0 || filter.orphans)) { hits++; if (filtering) (inTitle ? found : elsewhere).push(row); }
    }
    if (filtering) {
      const order = (rows) => rows.sort((a, b) => typical[b] - typical[a] || a - b);
      const names = filter.query.length ? data.topics.flatMap(({ label }, number) => (holds(filter.query, plain(label)) ? [number] : [])) : [];
      const places = elsewhere.length ? `, ${found.length.toLocaleString('en')} by the title, ${elsewhere.length.toLocaleString('en')} by authors, source, DOI or UT` : '';
      list([...order(found), ...order(elsewhere)], `${counted(hits)}${places}`, names);
    } else hint();
    redraw();
  }

  function hint() {
    const part = data.shown < data.all ? ` A random ${data.shown.toLocaleString('en')} of ${data.all.toLocaleString('en')} papers are on the map.` : '';
    list([], '');
    element('listed').textContent = `Click the map to list the papers there, or search.${part}`;
  }

  function zoom(factor, left = view.width / 2, top = view.height / 2) {
    const scale = Math.min(200, Math.max(0.6, view.scale * factor)), change = scale / view.scale;
    view.left = left - (left - view.left) * change;
    view.top = top - (top - view.top) * change;
    view.scale = scale;
    redraw();
  }

  function showTopic(number) {
    const rows = order.filter((row) => topic[row] === number);
    if (!rows.length) return;
    filter.topic = number;
    element('topic-filter').value = String(number);
    apply();
    // Most of its papers, not the few that lie far off, decide what is shown.
    const part = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
    const [xs, ys] = [x, y].map((values) => Array.from(rows, (row) => values[row]).sort((a, b) => a - b));
    const [west, east, south, north] = [part(xs, 0.05), part(xs, 0.95), part(ys, 0.05), part(ys, 0.95)];
    const wide = Math.max(((east - west) / GRID) * across, 0.02), tall = Math.max(((north - south) / GRID) * up, 0.02);
    view.scale = Math.min(40, Math.max(1, 0.5 * Math.min(view.width / (wide * base), view.height / (tall * base))));
    view.left = view.width / 2 - ((west + east) / 2 / GRID) * across * base * view.scale;
    view.top = view.height / 2 - (1 - (south + north) / 2 / GRID) * up * base * view.scale;
    redraw();
  }

  const pointers = new Map();
  let moved = 0;
  const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, place(event)); if (pointers.size === 1) moved = 0; });
  canvas.addEventListener('pointermove', (event) => {
    const [left, top] = place(event), before = pointers.get(event.pointerId);
    if (!before) { hover(left, top); return; }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length) {
      const [[ox, oy]] = others, old = Math.hypot(before[0] - ox, before[1] - oy);
      if (old > 0) zoom(Math.hypot(left - ox, top - oy) / old, (left + ox) / 2, (top + oy) / 2);
      moved = 99;
    } else {
      view.left += left - before[0]; view.top += top - before[1];
      moved += Math.abs(left - before[0]) + Math.abs(top - before[1]);
      redraw();
    }
    tip.hidden = true;
    pointers.set(event.pointerId, [left, top]);
  });
  const up_ = (event) => { const had = pointers.delete(event.pointerId); if (had && event.type === 'pointerup' && moved < 5) listNear(...place(event)); };
  canvas.addEventListener('pointerup', up_);
  canvas.addEventListener('pointercancel', up_);
  canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
  canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...place(event)); }, { passive: false });
  canvas.addEventListener('dblclick', (event) => zoom(2, ...place(event)));
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (steps[event.key]) { view.left += steps[event.key][0]; view.top += steps[event.key][1]; redraw(); }
    else if (event.key === '+' || event.key === '=') zoom(1.4);
    else if (event.key === '-') zoom(1 / 1.4);
    else if (event.key === '0' || event.key === 'Home') fit();
    else if (event.key === 'Enter') listNear(view.width / 2, view.height / 2);
    else return;
    event.preventDefault();
  });
  element('zoom-in').addEventListener('click', () => zoom(1.6));
  element('zoom-out').addEventListener('click', () => zoom(1 / 1.6));
  element('zoom-all').addEventListener('click', fit);

  const choices = element('topic-filter');
  data.topics.forEach((entry, number) => choices.append(make('option', { value: number, textContent: `${number} ${entry.label}` })));
  choices.append(make('option', { value: -1, textContent: 'outliers' }));
  if (firstYear <= lastYear) for (const id of ['year-from', 'year-to']) Object.assign(element(id), { min: firstYear, max: lastYear, placeholder: id === 'year-from' ? firstYear : lastYear });
  let waiting = 0;
  const read = () => {
    const number = (id) => (element(id).value === '' ? null : Number(element(id).value));
    filter.query = queryOf(element('search').value);
    filter.topic = number('topic-filter');
    filter.from = number('year-from'); filter.to = number('year-to');
    filter.orphans = element('show-orphans').checked;
    filter.byYear = element('by-year').checked;
    filter.placed = element('only-placed').checked;
    apply();
  };
  element('filters').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(read, 120); });
  element('filters').addEventListener('reset', () => setTimeout(() => { read(); fit(); }));
  element('filters').addEventListener('submit', (event) => { event.preventDefault(); read(); });

  new ResizeObserver(resize).observe(canvas);
  window.addEventListener('beforeprint', fit);
  resize();
  hint();
  return { redraw, showTopic };
}
