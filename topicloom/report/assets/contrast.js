// Two sets of papers against each other: two periods, countries, sources, or values of any other column.
const PRIOR = 10, BEYOND = 1.96, TOLD = 15, VALUES = 300;

// Log-odds with an informative Dirichlet prior (Monroe and others 2008): topicloom/atlas/contrast.py says the same.
function logOdds(first, second) {
  const both = first.map((papers, topic) => papers + second[topic]), present = both.filter((papers) => papers > 0).length;
  const sum = (values) => values.reduce((a, b) => a + b, 0), [one, other, whole] = [first, second, both].map(sum);
  return both.map((papers, topic) => {
    if (!papers || !one || !other || present < 2) return { odds: 0, z: 0 };
    const alpha = (PRIOR * present * papers) / whole, all = PRIOR * present;
    const part = (count, total) => Math.log((count + alpha) / (total + all - count - alpha));
    const odds = part(second[topic], other) - part(first[topic], one);
    return { odds, z: odds / Math.sqrt(1 / (first[topic] + alpha) + 1 / (second[topic] + alpha)) };
  });
}

function contrasts(data, papers, showTopic) {
  const columns = [...papers.columns.values()].filter(({ key, kind, names, low, high }) => !['topic', 'group', 'typical', 'core'].includes(key) && (kind === 'number' ? high > low : names.length > 1));
  const first = ['year', 'country', 'source'].flatMap((key) => columns.filter((column) => column.key === key));
  const order = [...first, ...columns.filter((column) => !first.includes(column))];
  if (!order.length || data.topics.length < 2) return;
  element('contrast').hidden = false;
  for (const link of document.querySelectorAll('a[href="#contrast"]')) link.hidden = false;
  const choice = element('contrast-column'), sets = element('contrast-sets'), body = element('contrast-table').tBodies[0];
  choice.append(...order.map(({ key, title }) => make('option', { value: key, textContent: key === 'year' ? 'two periods' : `two values of ${title}` })));
  choice.options[0].defaultSelected = true;
  let sides = [], lines = [];

  function inputs() {
    const column = papers.columns.get(choice.value);
    sides = column.kind === 'number' ? ranges(column) : values(column);
    sets.replaceChildren(sides[0].node, ' against ', sides[1].node);
    draw();
  }
  function ranges(column) {
    const known = [...column.values].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b), middle = known[known.length >> 1];
    const step = column.whole ? 1 : 'any', cut = Math.min(Math.max(middle, column.low + (column.whole ? 1 : 0)), column.high);
    return [[column.low, column.whole ? cut - 1 : cut], [cut, column.high]].map((ends, side) => {
      const [from, to] = ends.map((value, place) => make('input', { type: 'number', step, value: column.whole ? value : Number(value.toPrecision(4)), ariaLabel: `${side ? 'Second' : 'First'} set, ${column.title} ${place ? 'to' : 'from'}` }));
      for (const field of [from, to]) field.addEventListener('input', () => draw());
      const bounds = () => { const [a, b] = [from, to].map((field, place) => (field.value === '' ? ends[place] : Number(field.value))); return a <= b ? [a, b] : [b, a]; };
      return { node: make('span', { className: 'range' }, from, ' to ', to), name: () => bounds().filter((value, place, both) => !place || value !== both[0]).join('–'), has: (row) => { const [low, high] = bounds(); return column.values[row] >= low && column.values[row] <= high; } };
    });
  }
  function values(column) {
    ranked(column);
    const shown = column.order.filter((value) => column.counts[value]).slice(0, VALUES);
    return [0, 1].map((side) => {
      const select = make('select', { ariaLabel: `${side ? 'Second' : 'First'} set, ${column.title}` }, ...shown.map((value) => make('option', { value, textContent: `${column.names[value]} (${column.counts[value].toLocaleString('en')})` })));
      select.selectedIndex = Math.min(side, shown.length - 1);
      select.addEventListener('change', () => draw());
      return { node: select, name: () => column.names[Number(select.value)], has: (row) => column.codes[row] >= 0 && column.sets[column.codes[row]].includes(Number(select.value)) };
    });
  }

  function draw() {
    const counts = sides.map(({ has }) => {
      const found = new Array(data.topics.length).fill(0);
      for (let row = 0; row < papers.total; row++) if (papers.topic[row] >= 0 && data.topics[papers.topic[row]].field && has(row)) found[papers.topic[row]]++;
      return found;
    });
    const totals = counts.map((own) => own.reduce((a, b) => a + b, 0)), names = sides.map(({ name }) => name());
    const against = logOdds(...counts);
    lines = data.topics.flatMap(({ label, uid, field }, topic) => (field ? [{ topic, label, uid, papers: counts.map((own) => own[topic]), shares: counts.map((own, side) => (totals[side] ? own[topic] / totals[side] : 0)), ...against[topic] }] : []));
    lines.sort((a, b) => b.z - a.z || a.topic - b.topic);
    const told = lines.filter(({ z }) => Math.abs(z) > BEYOND), more = told.filter(({ z }) => z > 0), less = told.filter(({ z }) => z < 0);
    element('contrast-said').textContent = !totals[0] || !totals[1] ? 'One of the two sets has no paper in a topic.' : `${counted(totals[0])} against ${totals[1].toLocaleString('en')}. ${less.length} ${less.length === 1 ? 'topic is' : 'topics are'} commoner in ${names[0]}, ${more.length} in ${names[1]}${less.length > TOLD || more.length > TOLD ? `; the ${TOLD} surest of each` : ''}.`;
    const most = Math.max(...told.map(({ z }) => Math.abs(z)), 1);
    const row = ({ topic, label, papers: own, shares, odds, z }) => {
      const link = make('button', { type: 'button', className: 'link', textContent: label, dir: 'auto' });
      link.addEventListener('click', () => showTopic(topic));
      const fill = make('i');
      fill.style.width = `${(50 * Math.abs(z)) / most}%`;
      fill.style[z < 0 ? 'right' : 'left'] = '50%';
      const cell = (text) => make('td', { className: 'num', textContent: text });
      const share = (side) => `${own[side].toLocaleString('en')} (${(100 * shares[side]).toFixed(1)} %)`;
      return make('tr', {}, make('th', { scope: 'row' }, make('div', { className: 'named' }, dot(data.topics[topic]), link)), cell(share(0)), cell(share(1)), cell(odds.toFixed(2)), cell(z.toFixed(1)), make('td', { className: 'lollipop' }, fill));
    };
    element('contrast-first').textContent = names[0];
    element('contrast-second').textContent = names[1];
    body.replaceChildren(...[...more.slice(0, TOLD), ...less.slice(-TOLD)].map(row));
    element('contrast-box').hidden = !told.length;
  }
  choice.addEventListener('change', inputs);
  element('save-contrast').addEventListener('click', () => {
    const names = sides.map(({ name }) => name());
    const head = ['topic', 'topic_uid', 'label', ...names.map((name) => `papers ${name}`), ...names.map((name) => `share ${name}`), 'log_odds', 'z'];
    save('contrast.csv', BOM + csvLines([head, ...lines.map(({ topic, uid, label, papers: own, shares, odds, z }) => [topic, uid, label, ...own, ...shares.map((share) => share.toFixed(6)), odds.toFixed(4), z.toFixed(4)])]), 'text/csv');
  });
  inputs();
}
