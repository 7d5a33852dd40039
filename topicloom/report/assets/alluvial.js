// How topics follow each other: a column a period, and between two of them where the papers would have stood before.
const STREAMS = 12;  // in a column; the rest are one
const THIN = 0.003;  // of a period's papers: thinner flows are in the table only

function alluvial(data, showTopic) {
  const found = data.evolution;
  if (!found) return;
  const groups = data.levels.length ? data.groups.filter(([level]) => level === 0) : [], choice = element('streams');
  const groupOf = (topic) => data.levels[0][topic];
  const field = (topics) => topics.filter((topic) => data.topics[topic].field);
  const all = field(data.topics.map((_, number) => number));
  if (groups.length > 1) choice.append(make('option', { value: 'groups', textContent: 'groups' }));
  choice.append(make('option', { value: 'topics', textContent: all.length > STREAMS ? `the ${STREAMS - 1} largest topics` : 'topics' }));
  if (groups.length > 1) for (const [, code, label] of groups) if (all.some((topic) => groupOf(topic) === code)) choice.append(make('option', { value: code, textContent: `topics of ${label}` }));

  // The streams, the largest first: name, topics, and the topic that lends its colour and is shown.
  function streams() {
    const bySize = (topics) => [...topics].sort((a, b) => data.topics[b].count - data.topics[a].count || a - b);
    if (choice.value === 'groups') return groups.map(([, code, label]) => ({ label, topics: bySize(all.filter((topic) => groupOf(topic) === code)) })).filter(({ topics }) => topics.length);
    const own = bySize(choice.value === 'topics' ? all : all.filter((topic) => groupOf(topic) === Number(choice.value)));
    const alone = own.length > STREAMS ? own.slice(0, STREAMS - 1) : own, rest = own.slice(alone.length);
    return [...alone.map((topic) => ({ label: data.topics[topic].label, topics: [topic] })), ...(rest.length ? [{ label: `${rest.length.toLocaleString('en')} other topics`, topics: rest, grey: true }] : [])];
  }

  function draw() {
    const made = streams(), place = new Map(made.flatMap(({ topics }, at) => topics.map((topic) => [topic, at])));
    const periods = found.periods, sizes = periods.map(() => new Array(made.length).fill(0)), flows = periods.map(() => new Map());
    for (const [period, topic, earlier, papers] of found.flows) {
      const to = place.get(topic), from = place.get(earlier);
      if (to === undefined) continue;
      sizes[period][to] += papers;
      if (from !== undefined) flows[period].set(`${from} ${to}`, (flows[period].get(`${from} ${to}`) ?? 0) + papers);
    }
    element('alluvial-chart').replaceChildren(alluvialChart(data, made, periods, sizes, flows, showTopic));
    const rows = [];
    flows.forEach((ofPeriod, period) => ofPeriod.forEach((papers, key) => { const [from, to] = key.split(' ').map(Number); rows.push([periods[period][0], made[to].label, made[from].label, papers, sizes[period][to]]); }));
    element('alluvial-table').replaceChildren(...rows.map(([years, to, from, papers, whole]) => make('tr', {}, make('td', { textContent: years }), make('td', { dir: 'auto', textContent: to }), make('td', { dir: 'auto', textContent: from }), make('td', { className: 'num', textContent: `${papers} of ${whole}` }))));
  }
  choice.addEventListener('change', draw);
  element('save-alluvial').addEventListener('click', () => save('periods.svg', alone(element('alluvial-chart').querySelector('svg')), 'image/svg+xml'));
  draw();
}

// A drawing as a file of its own, with the colours and letters that the page gives it.
function alone(chart) {
  const copy = chart.cloneNode(true), own = [chart, ...chart.querySelectorAll('*')], copied = [copy, ...copy.querySelectorAll('*')];
  own.forEach((node, place) => {
    const style = getComputedStyle(node), other = copied[place];
    other.removeAttribute('style'); other.removeAttribute('class');
    if (node.tagName === 'text') { other.setAttribute('font-family', 'sans-serif'); other.setAttribute('font-size', style.fontSize); }
    if (['text', 'path', 'rect'].includes(node.tagName)) other.setAttribute('fill', style.fill);
  });
  copy.setAttribute('xmlns', SVG);
  return new XMLSerializer().serializeToString(copy);
}

function alluvialChart(data, made, periods, sizes, flows, showTopic) {
  const width = 1080, side = 230, bar = 12, top = 34, tall = 420, gap = 5;
  const totals = sizes.map((column) => column.reduce((a, b) => a + b, 0)), height = top + tall + gap * (made.length - 1) + 12;
  const across = (period) => side + ((width - 2 * side - bar) * period) / (periods.length - 1);
  const high = (period, papers) => (totals[period] ? (tall * papers) / totals[period] : 0);
  const starts = sizes.map((column, period) => { let at = top; return column.map((papers) => { const start = at; at += high(period, papers) + gap; return start; }); });
  const chart = drawn('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': `Share of each stream in ${periods.length} periods, and where its papers would have stood in the period before; the table below says the same` });
  periods.forEach(([name], period) => chart.append(
    drawn('text', { class: 'name', x: across(period) + bar / 2, y: 14, 'text-anchor': 'middle' }, name), drawn('text', { x: across(period) + bar / 2, y: 27, 'text-anchor': 'middle' }, counted(totals[period])),
  ));
  const coloured = (node, { topics, grey }) => { if (grey) node.style.setProperty('--tint', 'var(--outlier)'); else { tint(node, data.topics[topics[0]]); node.classList.add('tinted'); } return node; };

  // Flows leave and arrive in the order of the streams at their other end.
  for (let period = 1; period < periods.length; period++) {
    const out = [...starts[period - 1]], into = [...starts[period]];
    const left = new Array(made.length).fill(0);
    for (const [key, papers] of flows[period]) left[Number(key.split(' ')[0])] += papers;
    const pairs = [...flows[period]].map(([key, papers]) => [...key.split(' ').map(Number), papers]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (const [from, to, papers] of pairs) {
      // At its beginning a flow takes its part of the whole stream of the period before.
      const begun = (high(period - 1, sizes[period - 1][from]) * papers) / left[from], ended = high(period, papers);
      const [x0, x1] = [across(period - 1) + bar, across(period)], bend = (x0 + x1) / 2, [y0, y1] = [out[from], into[to]];
      const flow = drawn('path', { d: `M${x0} ${y0.toFixed(1)}C${bend} ${y0.toFixed(1)} ${bend} ${y1.toFixed(1)} ${x1} ${y1.toFixed(1)}L${x1} ${(y1 + ended).toFixed(1)}C${bend} ${(y1 + ended).toFixed(1)} ${bend} ${(y0 + begun).toFixed(1)} ${x0} ${(y0 + begun).toFixed(1)}Z`, fill: 'var(--tint)', opacity: from === to ? 0.3 : 0.5 });
      flow.append(drawn('title', {}, `${periods[period][0]}: ${papers} of ${sizes[period][to]} papers of ${made[to].label} would have stood in ${made[from].label} in ${periods[period - 1][0]}`));
      if (from === to || papers >= THIN * totals[period]) chart.append(coloured(flow, made[from]));
      out[from] += begun; into[to] += ended;
    }
  }
  periods.forEach(([years], period) => made.forEach((stream, at) => {
    const papers = sizes[period][at], share = totals[period] ? (100 * papers) / totals[period] : 0;
    if (!papers) return;
    const node = drawn('rect', { x: across(period), y: starts[period][at], width: bar, height: Math.max(1, high(period, papers)), fill: 'var(--tint)' });
    node.append(drawn('title', {}, `${stream.label}, ${years}: ${counted(papers)}, ${share.toFixed(1)} %`));
    chart.append(coloured(node, stream));
  }));
  for (const [period, x, anchor] of [[0, side - 8, 'end'], [periods.length - 1, width - side + 8, 'start']]) {
    let free = top;
    made.forEach((stream, at) => {
      const papers = sizes[period][at], share = totals[period] ? (100 * papers) / totals[period] : 0;
      if (!papers) return;
      const lines = wrap(stream.label, 30).slice(0, 2), middle = starts[period][at] + high(period, papers) / 2;
      const first = Math.max(free, middle - 6 * lines.length + 10);
      free = first + 13 * lines.length;
      lines.forEach((line, place) => {
        const text = drawn('text', { class: 'name', x, y: first + 13 * place, 'text-anchor': anchor }, place === lines.length - 1 ? `${line} ${share.toFixed(share < 10 ? 1 : 0)} %` : line);
        text.setAttribute('direction', 'ltr');
        text.style.unicodeBidi = 'plaintext';
        text.style.cursor = 'pointer';
        text.addEventListener('click', () => showTopic(stream.topics[0]));
        chart.append(text);
      });
    });
    chart.setAttribute('viewBox', `0 0 ${width} ${Math.max(height, free + 6)}`);
    chart.setAttribute('height', Math.max(height, free + 6));
  }
  return chart;
}
