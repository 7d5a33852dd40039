// Two charts of topics in quarters: papers against growth, and centrality against density. A point shows its topic.
const NAMED = 14;  // points of a chart that have their name beside them

function quadrants(data, showTopic) {
  if (!data.charts) return;
  const { growth, strategic } = data.charts;
  if (growth.length > 1) element('growth-chart').replaceChildren(growthChart(data, growth, showTopic));
  if (strategic.length > 1) element('strategic-chart').replaceChildren(strategicChart(data, strategic, showTopic));
  element('growth-box').hidden = growth.length < 2;
  element('strategic-box').hidden = strategic.length < 2;
}

// points: topic, papers, trend with its bounds in percent a year, and whether it emerges.
function growthChart(data, points, showTopic) {
  const clear = ([, , , low, high]) => low > 0 || high < 0;
  const sizes = points.map(([, papers]) => papers), few = Math.min(...sizes), most = Math.max(...sizes);
  const reach = points.flatMap((point) => (clear(point) ? point.slice(2, 5) : [point[2]]));
  const bottom = Math.min(0, ...reach), top = Math.max(0, ...reach), pad = 0.06 * (top - bottom || 1);
  const box = quarterBox('papers of the topic', 'growth of its share, % a year');
  const across = (papers) => box.left + box.wide * (most > few ? 0.03 + (0.94 * Math.log(papers / few)) / Math.log(most / few) : 0.5);
  const up = (rate) => box.top + (box.tall * (top + pad - rate)) / (top - bottom + 2 * pad);
  const rising = [...sizes].sort((a, b) => a - b), half = sizes.length >> 1, middle = sizes.length % 2 ? rising[half] : (rising[half - 1] + rising[half]) / 2;
  for (const value of ticksOf(bottom, top)) box.tick('y', up(value), `${value > 0 ? '+' : ''}${value}`.replace('-', '−'));
  for (const value of tensOf(few, most)) box.tick('x', across(value), value.toLocaleString('en'));
  box.line('y', up(0));
  box.line('x', across(middle), true);
  for (const point of points.filter(clear)) {
    const line = drawn('line', { x1: across(point[1]), x2: across(point[1]), y1: up(point[3]), y2: up(point[4]), class: 'tinted', stroke: 'var(--tint)', opacity: 0.5 });
    box.chart.append(tint(line, data.topics[point[0]]));
  }
  const sure = ([, , , low, high]) => Math.max(low, -high);
  const order = [...points].sort((a, b) => b[5] - a[5] || sure(b) - sure(a) || b[1] - a[1]);
  const told = ([topic, papers, rate, low, high, emerging]) => `${data.topics[topic].label}: ${counted(papers)}, ${signed(rate)} % a year (${signed(low)} to ${signed(high)})${emerging ? ', emerging' : ''}`;
  box.points(data, order, (point) => [across(point[1]), up(point[2])], (point) => (clear(point) ? 5 : 3), told, showTopic, ([, , , , , emerging]) => emerging);
  box.chart.setAttribute('aria-label', `${points.length} topics by papers and growth; the lists and the table of topics say the same`);
  return box.chart;
}

// points: topic, the ranks of centrality and density from 0 to 100, and the quarter.
function strategicChart(data, points, showTopic) {
  const box = quarterBox('centrality: ties to other topics, by rank', 'density: ties within the topic, by rank');
  const across = (rank) => box.left + box.wide * (0.04 + 0.0092 * rank), up = (rank) => box.top + box.tall * (0.96 - 0.0092 * rank);
  box.line('x', across(50));
  box.line('y', up(50));
  for (const [text, right, high] of [['niche themes', 0, 1], ['motor themes', 1, 1], ['emerging or declining themes', 0, 0], ['basic themes', 1, 0]]) {
    box.write(text, right ? box.left + box.wide - 4 : box.left + 4, high ? box.top + 12 : box.top + box.tall - 5, right ? 'end' : 'start');
  }
  const order = [...points].sort((a, b) => data.topics[b[0]].count - data.topics[a[0]].count || a[0] - b[0]);
  const most = Math.max(...order.map(([topic]) => data.topics[topic].count));
  const told = ([topic, central, dense, quarter]) => `${data.topics[topic].label}: ${quarter}, ${counted(data.topics[topic].count)}, centrality ${Math.round(central)}, density ${Math.round(dense)} of 100`;
  box.points(data, order, ([, central, dense]) => [across(central), up(dense)], ([topic]) => Math.max(2.5, 15 * Math.sqrt(data.topics[topic].count / most)), told, showTopic, () => false);
  box.chart.setAttribute('aria-label', `${points.length} topics by centrality and density; topic_moves.csv says the same`);
  return box.chart;
}

// A number with its sign and as few decimals as tell it from 0.
function signed(value) {
  const told = [0, 1, 2].map((digits) => Math.abs(value).toFixed(digits)).find((text) => Number(text) > 0);
  return told ? `${value > 0 ? '+' : '−'}${told}` : '0';
}

// Round numbers between two ends, some five of them; and 1, 2, 5, 10, 20 and so on.
function ticksOf(low, high) {
  const rough = (high - low || 1) / 5, power = 10 ** Math.floor(Math.log10(rough)), step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(Number((at * step).toPrecision(6)));
  return found;
}
function tensOf(low, high) {
  const found = [];
  for (let power = 1; power <= high; power *= 10) for (const digit of [1, 2, 5]) if (digit * power >= low && digit * power <= high) found.push(digit * power);
  return found.length ? found : [low];
}

// A frame with names of its axes, and how lines, ticks and points come into it.
function quarterBox(x, y) {
  const width = 600, height = 440, left = 58, top = 6, wide = width - left - 10, tall = height - top - 40;
  const chart = drawn('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group' });
  const write = (text, across, down, anchor, more = {}) => chart.append(drawn('text', { x: across, y: down, 'text-anchor': anchor, ...more }, text));
  chart.append(drawn('rect', { x: left, y: top, width: wide, height: tall, fill: 'none', class: 'axis' }));
  write(x, left + wide / 2, height - 4, 'middle');
  write(y, 0, 0, 'middle', { transform: `translate(11 ${top + tall / 2}) rotate(-90)` });
  const line = (axis, at, dotted = false) => {
    const ends = axis === 'x' ? { x1: at, x2: at, y1: top, y2: top + tall } : { y1: at, y2: at, x1: left, x2: left + wide };
    chart.append(drawn('line', { ...ends, stroke: 'var(--muted)', ...(dotted ? { 'stroke-dasharray': '2 3' } : {}) }));
  };
  const tick = (axis, at, text) => (axis === 'x' ? write(text, at, top + tall + 13, 'middle') : write(text, left - 4, at + 4, 'end'));

  // The first of them get a name where one fits beside the point and over no other.
  function points(data, order, placeOf, radiusOf, told, showTopic, ringed) {
    const pen = make('canvas').getContext('2d'), taken = [], names = [];
    pen.font = '11px system-ui, sans-serif';
    const nodes = order.map((point) => {
      const [across, down] = placeOf(point), radius = radiusOf(point);
      const ring = ringed(point) ? { stroke: 'var(--ink)', 'stroke-width': 1.5 } : { stroke: 'var(--paper)', 'stroke-width': 0.7 };
      const node = drawn('circle', { class: 'tinted', cx: across.toFixed(1), cy: down.toFixed(1), r: radius.toFixed(1), fill: 'var(--tint)', ...ring });
      node.append(drawn('title', {}, told(point)));
      node.addEventListener('click', () => showTopic(point[0]));
      return tint(node, data.topics[point[0]]);
    });
    for (const point of order) {
      if (names.length >= NAMED) break;
      const [across, down] = placeOf(point), text = wrap(data.topics[point[0]].label, 30)[0].replace(/[,;]$/, ''), away = radiusOf(point) + 3, long = pen.measureText(text).width * 1.05;
      for (const [start, anchor] of [[across + away, 'start'], [across - away, 'end']]) {
        const from = anchor === 'start' ? start : start - long, own = [from, down - 6, from + long, down + 6];
        if (from < left + 2 || own[2] > left + wide - 2 || taken.some((other) => other[0] < own[2] && other[2] > own[0] && other[1] < own[3] && other[3] > own[1])) continue;
        taken.push(own);
        const name = drawn('text', { class: 'name', x: start.toFixed(1), y: (down + 4).toFixed(1), 'text-anchor': anchor }, text);
        name.style.unicodeBidi = 'plaintext';
        names.push(name);
        break;
      }
    }
    // Large points lie under small ones.
    chart.append(...nodes.sort((a, b) => b.getAttribute('r') - a.getAttribute('r')), ...names);
  }
  return { chart, left, top, wide, tall, line, tick, write, points };
}
