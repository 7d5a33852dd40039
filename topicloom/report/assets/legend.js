// The legend of the colours, whose entries filter, and histograms to brush over.
const ENTRIES = 12, BINS = 30;

function legendOf(papers, data, filters, changed) {
  const box = element('legend'), bars = element('histograms');
  const histograms = new Map();

  // Colours by topic are told by the groups that topics belong to.
  const toldBy = (column) => (column.key === 'topic' && papers.columns.has('group') ? papers.columns.get('group') : column);

  function swatchOf(column, value, colours) {
    if (column.key === 'topic') return data.topics[value] ? dot(data.topics[value]) : dot();
    const mark = make('span', { className: 'dot' });
    if (colours) mark.style.background = colours.hexes[Math.min(ranked(column)[value], colours.hexes.length - 1)];
    else if (column.order.includes(value)) tint(mark, largestOf(value)).classList.add('tinted');
    return mark;
  }
  // A group's largest topic that is a field: its colour stands for the group.
  function largestOf(group) {
    const { codes } = papers.columns.get('group');
    const found = data.topics.filter((_, number) => codes[firstPaper[number]] === group);
    return found.find(({ field }) => field) ?? found[0] ?? data.topics[0];
  }
  const firstPaper = new Int32Array(data.topics.length);
  for (let row = papers.total - 1; row >= 0; row--) if (papers.topic[row] >= 0) firstPaper[papers.topic[row]] = row;

  function categories(column, colours) {
    ranked(column);
    const counts = countsOf(column, filters.without(column.key)), chosen = filters.values(column.key);
    const grey = column.fixed ? [column.names.length - 1] : [];
    const order = [...column.order, ...grey].filter((value) => column.counts[value] || column.fixed);
    const first = order.filter((value, place) => place < ENTRIES || chosen.has(value) || grey.includes(value));
    const entries = first.map((value) => {
      const button = make('button', { type: 'button', className: 'entry', dir: 'auto' }, swatchOf(column, value, colours), `${column.names[value]} `, make('small', { textContent: counts[value].toLocaleString('en') }));
      button.setAttribute('aria-pressed', chosen.has(value));
      if (column.key === 'group' && value < column.names.length - 1) button.title = standsFor(data, data.groups.filter(([level]) => level === 0)[value]);
      button.addEventListener('click', () => {
        filters.toggle(column.key, value);
        changed();
        [...box.querySelectorAll('.entry')].find((other) => other.textContent.startsWith(`${column.names[value]} `))?.focus();
      });
      return button;
    });
    const rest = order.filter((value) => !first.includes(value));
    if (rest.length) {
      const others = make('select', { ariaLabel: `Other values of ${column.title}` }, make('option', { value: '', textContent: `${rest.length.toLocaleString('en')} others …` }));
      others.append(...rest.map((value) => make('option', { value, textContent: `${column.names[value]} (${counts[value].toLocaleString('en')})` })));
      others.addEventListener('change', () => { filters.toggle(column.key, Number(others.value)); changed(); });
      entries.push(others);
    }
    const several = column.sets.some((members) => members.length > 1) ? ' Of several values the first colours a paper; the filter finds each.' : column.note ?? '';
    box.replaceChildren(make('span', { className: 'hint', textContent: `${column.title[0].toUpperCase()}${column.title.slice(1)}; click to filter:${several}` }), ...entries);
  }

  function histogramFor(column) {
    if (!histograms.has(column.key)) {
      const made = histogram(column, filters, changed);
      histograms.set(column.key, made);
      bars.append(made.node);
    }
    return histograms.get(column.key);
  }

  return {
    draw(column, colours) {
      const told = toldBy(column), numeric = told.kind === 'number';
      box.hidden = numeric;
      if (numeric) box.replaceChildren();
      else categories(told, column.key === 'topic' ? null : colours);
      // Years always, the column that colours, and whatever is narrowed.
      const wanted = new Set([...(papers.columns.has('year') ? ['year'] : []), ...(numeric ? [told.key] : []), ...filters.state.ranges.keys()]);
      for (const [key, { node }] of histograms) node.hidden = !wanted.has(key);
      for (const key of wanted) histogramFor(papers.columns.get(key)).draw(numeric && key === told.key);
    },
  };
}

// Papers by the values of a column of numbers: grey all, in front those that the other filters show.
function histogram(column, filters, changed) {
  const { low, high, whole, share, back, values, key, title } = column;
  const each = whole && high - low < 80;
  const bins = each ? high - low + 1 : BINS;
  const binOf = (value) => (each ? value - low : Math.min(bins - 1, Math.floor(share(value) * bins)));
  const startOf = (bin) => (each ? low + bin : bin === 0 ? low : whole ? Math.ceil(back(bin / bins)) : back(bin / bins));
  const endOf = (bin) => (each ? low + bin : bin === bins - 1 ? high : whole ? Math.max(startOf(bin), Math.ceil(back((bin + 1) / bins)) - 1) : back((bin + 1) / bins));
  const bin = Int16Array.from(values, (value) => (Number.isNaN(value) ? -1 : binOf(value)));
  const all = new Uint32Array(bins);
  for (const place of bin) if (place >= 0) all[place]++;

  const width = 600, height = 64, step = width / bins;
  const chart = drawn('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' });
  const number = (name, value) => {
    const input = make('input', { type: 'number', step: whole ? 1 : 'any', id: `${key}-${name}`, placeholder: value, ariaLabel: `${title} ${name}` });
    input.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(typed, 250); });
    return input;
  };
  let waiting = 0;
  const shownEnd = (value) => (whole ? value : Number(value.toPrecision(3)));
  const from = number('from', shownEnd(low)), to = number('to', shownEnd(high));
  const clear = make('button', { type: 'button', textContent: 'all', ariaLabel: `All of ${title}` });
  const ends = make('span', { className: 'ends' }, make('span', { textContent: shownEnd(low) }), make('span', { textContent: shownEnd(high) }));
  const note = make('small', { role: 'status' });
  const scale = make('small', { textContent: 'grey: all papers; in front those shown, on a scale of their own.', hidden: true });
  const node = make('div', { className: 'histogram' }, make('div', { className: 'range' }, `${title[0].toUpperCase()}${title.slice(1)} from `, from, ' to ', to, ' ', clear, ' ', scale, ' ', note), chart, ends);

  // Ends in the wrong order are exchanged, ends outside of the data drawn in; the fields say so.
  function typed() {
    const wanted = [from, to].map((field, place) => (field.value === '' ? [low, high][place] : Number(field.value)));
    const [start, end] = wanted.map((value) => Math.min(high, Math.max(low, value))).sort((a, b) => a - b);
    note.textContent = wanted[0] !== start || wanted[1] !== end ? `There are values from ${shownEnd(low)} to ${shownEnd(high)}; shown: ${shownEnd(start)} to ${shownEnd(end)}.` : '';
    filters.setRange(key, start, end);
    changed();
  }
  clear.addEventListener('click', () => { note.textContent = ''; filters.setRange(key, low, high); changed(); });

  let brushed = null;
  const under = (event) => { const box = chart.getBoundingClientRect(); return Math.max(0, Math.min(bins - 1, Math.floor(((event.clientX - box.left) / box.width) * bins))); };
  chart.addEventListener('pointerdown', (event) => { chart.setPointerCapture(event.pointerId); brushed = [under(event), under(event)]; mark(); });
  chart.addEventListener('pointermove', (event) => {
    const place = under(event);
    note.textContent = `${shownEnd(startOf(place))}${endOf(place) === startOf(place) ? '' : ` to ${shownEnd(endOf(place))}`}: ${counted(all[place])}`;
    if (brushed) { brushed[1] = place; mark(); }
  });
  chart.addEventListener('pointerleave', () => { note.textContent = ''; });
  chart.addEventListener('pointercancel', () => { brushed = null; });
  chart.addEventListener('pointerup', () => {
    if (!brushed) return;
    const [one, other] = brushed.sort((a, b) => a - b), before = filters.state.ranges.get(key);
    brushed = null;
    // The same bar again gives all back.
    if (before && one === other && before[0] === startOf(one) && before[1] === endOf(one)) filters.setRange(key, low, high);
    else filters.setRange(key, startOf(one), endOf(other));
    changed();
  });

  const frame = drawn('rect', { class: 'brush', y: 0, height });
  function mark() {
    const range = filters.state.ranges.get(key);
    const [one, other] = brushed ? [...brushed].sort((a, b) => a - b) : range ? [binOf(range[0]), binOf(range[1])] : [0, -1];
    frame.setAttribute('x', one * step);
    frame.setAttribute('width', Math.max(0, (other - one + 1) * step));
  }

  return {
    node,
    draw(colours) {
      const among = filters.without(key), now = new Uint32Array(bins);
      for (let row = 0; row < bin.length; row++) if (bin[row] >= 0 && among[row]) now[bin[row]]++;
      const [peak, top] = [Math.max(...all, 1), Math.max(...now, 1)];
      const bar = (place, count, most, fill) => drawn('rect', { x: place * step + 0.5, width: Math.max(step - 1, 0.5), y: height - (height - 2) * (count / most), height: (height - 2) * (count / most), fill });
      const fill = (place) => (colours ? ramp(share(startOf(place))) : 'var(--accent)');
      // Few papers have bars of their own height: their shape is what one wants to see.
      const narrowed = now.some((count, place) => count !== all[place]);
      scale.hidden = !narrowed;
      chart.replaceChildren(
        ...(narrowed ? [...all].map((count, place) => bar(place, count, peak, 'var(--line)')) : []),
        ...[...now].map((count, place) => bar(place, count, top, fill(place))), frame,
      );
      chart.setAttribute('aria-label', `Papers by ${title}: ${[...now].map((count, place) => `${shownEnd(startOf(place))} ${count}`).join(', ')}`);
      const range = filters.state.ranges.get(key);
      from.value = range ? shownEnd(range[0]) : ''; to.value = range ? shownEnd(range[1]) : '';
      clear.hidden = !range;
      mark();
    },
  };
}
