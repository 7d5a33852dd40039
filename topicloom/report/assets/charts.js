// The charts below the map: words, years, similarity, tree, scores, coverage.
const FIRST = 12;

// Fields by size, then what is no field.
const fieldsFirst = (data) => data.topics.map((_, number) => number).sort((a, b) => data.topics[b].field - data.topics[a].field || a - b);

function more(button, box, total, build, first = FIRST) {
  let done = 0;
  const add = (count) => {
    for (const end = Math.min(total, done + count); done < end; done++) box.append(build(done));
    button.hidden = done >= total;
    button.textContent = `Show more (${total - done} left)`;
  };
  button.onclick = () => add(48);
  box.replaceChildren();
  add(first);
}

function caption(entry) {
  return make('figcaption', { dir: 'auto' }, dot(entry), entry.label);
}

function wordCharts(data) {
  const order = fieldsFirst(data);
  more(element('more-words'), element('word-charts'), data.topics.length, (place) => {
    const number = order[place];
    const entry = data.topics[number], top = Math.max(...entry.weights, 1e-9);
    const bars = entry.words.map((word, index) => {
      const fill = make('i', { title: entry.weights[index].toFixed(4) });
      fill.style.width = `${(100 * entry.weights[index]) / top}%`;
      fill.style.background = 'var(--tint)';
      return word ? make('div', { className: 'bar' }, make('span', { textContent: word, title: word, dir: 'auto' }), make('span', {}, fill)) : '';
    });
    return tint(make('figure', { className: 'tinted' }, caption(entry), ...bars), entry);
  });
}

// What a line of the years shows: shares by period, since a share of few papers says little, or papers by year.
function yearPoints(data, number, measure) {
  const { first, counts, complete, periods } = data.years, own = counts[String(number)];
  const whole = (from, to) => from >= complete[0] && to <= complete[1];
  if (measure === 'count') return own.map((count, index) => ({ at: first + index, name: first + index, value: count, whole: whole(first + index, first + index) }));
  return periods.map(([from, to, papers]) => ({
    at: (from + to) / 2,
    name: from === to ? from : `${from}–${to}`,
    value: (100 * own.slice(from - first, to - first + 1).reduce((a, b) => a + b, 0)) / papers,
    whole: whole(from, to),
  }));
}

function yearLine(data, number, measure, width, height, axes) {
  const label = data.topics[number].label;
  const { first, counts } = data.years;
  if (!counts[String(number)]) return make('p', { className: 'hint', textContent: axes ? 'No paper of this topic has a year.' : 'no year' });
  const points = yearPoints(data, number, measure);
  if (!points.length) return make('p', { className: 'hint', textContent: axes ? 'Too few papers in all complete years.' : 'few papers' });
  const last = first + counts[String(number)].length - 1;
  const top = Math.max(...points.map(({ value }) => value), 1e-9), foot = axes ? 18 : 1, side = axes ? 30 : 1;
  const across = (year) => side + ((width - side - 4) * (year - first)) / Math.max(last - first, 1);
  const up = (value) => height - foot - ((height - foot - 6) * value) / top;
  const colour = 'var(--tint)';
  const path = (part) => part.map(({ at, value }, index) => `${index ? 'L' : 'M'}${across(at).toFixed(1)} ${up(value).toFixed(1)}`).join('');
  const words = `${label}: ${points.map(({ name, value, whole }) => `${name} ${measure === 'share' ? `${value.toFixed(2)} %` : value}${whole ? '' : ' (incomplete)'}`).join(', ')}`;
  const chart = drawn('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', class: 'tinted', 'aria-label': words });
  tint(chart, data.topics[number]);
  if (axes) chart.append(drawn('title', {}, words));
  if (axes) {
    for (const value of [0, top]) {
      chart.append(drawn('line', { class: 'axis', x1: side, x2: width, y1: up(value), y2: up(value) }));
      chart.append(drawn('text', { x: side - 4, y: up(value) + 4, 'text-anchor': 'end' }, measure === 'share' ? (value < 10 ? value.toFixed(1) : Math.round(value)) : Math.round(value)));
    }
    chart.append(drawn('text', { x: side, y: height - 4 }, first));
    if (last > first) chart.append(drawn('text', { x: width - 2, y: height - 4, 'text-anchor': 'end' }, last));
  }
  const start = points.findIndex(({ whole }) => whole), end = points.findLastIndex(({ whole }) => whole);
  const line = (part, more) => { if (part.length > 1) chart.append(drawn('path', { d: path(part), fill: 'none', stroke: colour, 'stroke-width': axes ? 2 : 1.5, ...more })); };
  const dotted = { 'stroke-width': 1.5, 'stroke-dasharray': '2 3' };
  if (start < 0) line(points, dotted);
  else {
    const whole = points.slice(start, end + 1);
    if (whole.length === 1) chart.append(drawn('circle', { cx: across(whole[0].at), cy: up(whole[0].value), r: axes ? 3 : 2, fill: colour }));
    else chart.append(drawn('path', { d: `${path(whole)}L${across(whole.at(-1).at)} ${up(0)}L${across(whole[0].at)} ${up(0)}Z`, fill: colour, opacity: 0.18 }));
    line(whole, {});
    line(points.slice(0, start + 1), dotted);
    line(points.slice(end), dotted);
  }
  if (points.length === 1 && start < 0) chart.append(drawn('circle', { cx: across(points[0].at), cy: up(points[0].value), r: 2, fill: 'none', stroke: colour }));
  return chart;
}

function yearCharts(data) {
  if (!data.years) return;
  const order = fieldsFirst(data);
  const draw = () => {
    const measure = document.querySelector('input[name="measure"]:checked').value;
    more(element('more-years'), element('year-charts'), data.topics.length, (place) =>
      make('figure', {}, caption(data.topics[order[place]]), yearLine(data, order[place], measure, 240, 110, true)));
  };
  document.querySelectorAll('input[name="measure"]').forEach((input) => input.addEventListener('change', draw));
  draw();
}

function heatmap(data, showTopic) {
  const heat = data.similarity;
  if (!heat) return;
  const cells = Uint8Array.from(atob(heat.cells), (letter) => letter.charCodeAt(0)), side = heat.labels.length;
  const canvas = element('heat'), context = canvas.getContext('2d'), tip = element('heat-tip');
  const enlarged = Math.max(1, Math.floor(760 / side));
  canvas.width = canvas.height = side * enlarged;
  const table = Array.from({ length: 256 }, (_, step) => cividis(step / 255));
  const image = context.createImageData(side, side);
  for (let cell = 0; cell < cells.length; cell++) image.data.set([...table[cells[cell]], 255], 4 * cell);
  const small = make('canvas', { width: side, height: side });
  small.getContext('2d').putImageData(image, 0, 0);
  let row = 0, column = 0;
  const draw = (marked) => {
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side * enlarged, side * enlarged);
    if (!marked) return;
    context.strokeStyle = '#fff'; context.lineWidth = 2;
    context.strokeRect(column * enlarged - 1, row * enlarged - 1, enlarged + 2, enlarged + 2);
    const value = heat.low + (cells[row * side + column] / 255) * (heat.high - heat.low);
    const words = row === column ? '1' : cells[row * side + column] === 0 ? `${value.toFixed(2)} or less` : value.toFixed(2);
    tip.replaceChildren(make('bdi', { textContent: heat.labels[row] }), ' and ', make('bdi', { textContent: heat.labels[column] }), `: ${words}`);
  };
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const cell = (at, length) => Math.max(0, Math.min(side - 1, Math.floor((at / length) * side)));
    column = cell(event.clientX - box.left, box.width); row = cell(event.clientY - box.top, box.height);
    draw(true);
  });
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!steps[event.key]) return;
    event.preventDefault();
    row = Math.max(0, Math.min(side - 1, row + steps[event.key][0]));
    column = Math.max(0, Math.min(side - 1, column + steps[event.key][1]));
    draw(true);
  });
  if (heat.what === 'topics') canvas.addEventListener('click', () => showTopic(data.tree.order[row]));
  element('heat-hint').textContent = `Cosine similarity of the mean embeddings of ${side} ${heat.what}, from ${heat.low.toFixed(2)} (dark) to ${heat.high.toFixed(2)} (bright), in the order of the tree.${heat.what === 'topics' ? ' A click shows the topic of the row on the map.' : ''}`;
  draw(false);
}

// The tree drawn whole, its upper part for paper, and as lists of its groups for narrow screens.
const PRINTED_LEAVES = 60;

function tree(data, showTopic) {
  if (!data.tree) return;
  const { links, order } = data.tree, topics = order.length, many = topics > PRINTED_LEAVES;
  const whole = treeChart(data, order.map((topic) => [topic]), links.map((link, index) => [...link, topics + index]), showTopic);
  whole.classList.toggle('not-printed', many);
  element('tree-chart').replaceChildren(whole, ...(many ? [upperTree(data)] : []), groupLists(data, showTopic));
}

// The last joins only: what joined before is one leaf.
function upperTree(data) {
  const { links, order } = data.tree, topics = order.length, first = links.length - PRINTED_LEAVES + 1;
  const members = (node) => (node < topics ? [node] : links[node - topics].slice(0, 2).flatMap(members));
  const upper = links.slice(first).map((link, index) => [...link, topics + first + index]);
  const leaves = upper.flatMap(([one, other]) => [one, other]).filter((node) => node < topics + first);
  const place = new Map(order.map((topic, at) => [topic, at]));
  const told = leaves.map((node) => [node, ...members(node).sort((a, b) => data.topics[b].count - data.topics[a].count || a - b)]);
  told.sort((a, b) => Math.min(...a.slice(1).map((topic) => place.get(topic))) - Math.min(...b.slice(1).map((topic) => place.get(topic))));
  const chart = treeChart(data, told, upper, null);
  chart.classList.add('only-printed');
  return chart;
}

// leaves: number of the node, then its topics, the largest first (of a topic alone its number once). links: two nodes,
// the height at which they join, and the node that they become.
function treeChart(data, leaves, links, showTopic) {
  const step = 16, width = 560, pen = make('canvas').getContext('2d');
  pen.font = '11px system-ui, sans-serif';
  const topicsOf = (leaf) => (leaf.length > 1 ? leaf.slice(1) : leaf);
  const papersOf = (leaf) => topicsOf(leaf).reduce((sum, topic) => sum + data.topics[topic].count, 0);
  const name = (leaf) => `${data.topics[topicsOf(leaf)[0]].label}${leaf.length > 2 ? ` and ${leaf.length - 2} more` : ''} (${papersOf(leaf)})`;
  const labels = 24 + Math.max(...leaves.map((leaf) => pen.measureText(name(leaf)).width)) * 1.12;
  const top = Math.max(...links.map((link) => link[2]), 1e-9);
  const across = (height) => 8 + (width - 16) * (1 - height / top);
  const at = new Map(), entry = new Map(), size = new Map();
  leaves.forEach((leaf, place) => { at.set(leaf[0], [width - 8, 14 + place * step]); entry.set(leaf[0], data.topics[topicsOf(leaf)[0]]); size.set(leaf[0], papersOf(leaf)); });
  const chart = drawn('svg', { width: width + labels, height: leaves.length * step + 16, role: 'group', 'aria-label': `Tree of ${leaves.length} ${showTopic ? 'topics; arrow keys move, Enter shows one on the map' : 'groups'}` });
  for (const [one, other, height, node] of links) {
    const [a, b] = [at.get(one), at.get(other)], place = across(height);
    entry.set(node, size.get(one) >= size.get(other) ? entry.get(one) : entry.get(other));
    size.set(node, size.get(one) + size.get(other));
    at.set(node, [place, (a[1] + b[1]) / 2]);
    const line = { d: `M${a[0].toFixed(1)} ${a[1].toFixed(1)}H${place.toFixed(1)}V${b[1].toFixed(1)}H${b[0].toFixed(1)}`, class: 'tinted', fill: 'none', stroke: 'var(--tint)', 'stroke-width': 1.2 };
    chart.append(tint(drawn('path', line), entry.get(node)));
  }
  const texts = leaves.map((leaf) => {
    const text = drawn('text', { class: 'name', x: width - 2, y: at.get(leaf[0])[1] + 4 }, name(leaf));
    if (showTopic) {
      for (const [key, value] of [['role', 'button'], ['tabindex', '-1']]) text.setAttribute(key, value);
      text.addEventListener('click', () => showTopic(leaf[0]));
    }
    return text;
  });
  chart.append(...texts);
  if (showTopic) roving(chart, texts, (text) => text.dispatchEvent(new Event('click')));
  return chart;
}

// Of many things that can be focused one is a stop of Tab; arrow keys move among them.
function roving(box, items, enter) {
  items[0]?.setAttribute('tabindex', '0');
  box.addEventListener('keydown', (event) => {
    const here = items.indexOf(event.target);
    if (here < 0) return;
    if (event.key === 'Enter' && enter) { enter(items[here]); event.preventDefault(); return; }
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined || !items[next]) return;
    event.preventDefault();
    items[here].setAttribute('tabindex', '-1');
    items[next].setAttribute('tabindex', '0');
    items[next].focus();
  });
}

function groupLists(data, showTopic) {
  const { order } = data.tree, box = make('div', { className: 'only-narrow' });
  const button = (topic) => {
    const link = make('button', { type: 'button', className: 'link', textContent: `${data.topics[topic].label} (${data.topics[topic].count})`, dir: 'auto' });
    link.addEventListener('click', () => showTopic(topic));
    return make('li', {}, dot(data.topics[topic]), link);
  };
  const groups = data.levels.length ? data.groups.filter(([level]) => level === 0) : [[0, null, 'all topics']];
  for (const [, code, label] of groups) {
    const own = order.filter((topic) => code === null || data.levels[0][topic] === code);
    const list = make('details', {}, make('summary', { dir: 'auto', textContent: `${label} (${own.length} ${own.length === 1 ? 'topic' : 'topics'})` }));
    // Made when they are opened: few are.
    list.addEventListener('toggle', () => { if (!list.querySelector('ul')) list.append(make('ul', {}, ...own.map(button))); });
    box.append(list);
  }
  return box;
}

function frameOf(width, height, ticksX, ticksY, up, across) {
  const chart = drawn('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' });
  for (const [value, text] of ticksY) chart.append(drawn('line', { class: 'axis', x1: 44, x2: width - 8, y1: up(value), y2: up(value) }), drawn('text', { x: 40, y: up(value) + 4, 'text-anchor': 'end' }, text));
  for (const [value, text] of ticksX) chart.append(drawn('text', { x: across(value), y: height - 4, 'text-anchor': across(value) > width - 40 ? 'end' : 'middle' }, text));
  return chart;
}

function scoreChart(data) {
  const bins = new Array(20).fill(0);
  data.papers.topic.forEach((topic, row) => { if (topic >= 0) bins[Math.min(19, Math.floor(data.papers.score[row] / 5))]++; });
  const top = Math.max(...bins, 1), width = 720, height = 220;
  const up = (value) => height - 22 - ((height - 34) * value) / top, across = (share) => 44 + (width - 52) * share;
  const chart = frameOf(width, height, [0, 0.25, 0.5, 0.75, 1].map((share) => [share, share]), [0, Math.round(top / 2), top].map((value) => [value, value.toLocaleString('en')]), up, across);
  chart.setAttribute('aria-label', `Papers by score: ${bins.map((count, index) => `${(index / 20).toFixed(2)} to ${((index + 1) / 20).toFixed(2)} ${count}`).join(', ')}`);
  bins.forEach((count, index) => {
    const bar = drawn('rect', { x: across(index / 20) + 1, width: (width - 52) / 20 - 2, y: up(count), height: height - 22 - up(count), fill: 'var(--accent)', opacity: 0.75 });
    bar.append(drawn('title', {}, `${(index / 20).toFixed(2)} to ${((index + 1) / 20).toFixed(2)}: ${counted(count)}`));
    chart.append(bar);
  });
  element('score-chart').replaceChildren(chart);
}

function coverageChart(data) {
  const counts = data.topics.map((topic) => topic.count).sort((a, b) => b - a), all = counts.reduce((a, b) => a + b, 0);
  if (!all) { element('coverage-chart').textContent = 'There are no topics.'; return; }
  const main = data.topics.filter((topic) => topic.main).length, width = 720, height = 260;
  const up = (share) => height - 22 - (height - 34) * share, across = (rank) => 44 + ((width - 52) * rank) / counts.length;
  const chart = frameOf(width, height, [...new Set([1, Math.round(counts.length / 2), counts.length])].map((rank) => [rank, rank]), [0, 0.25, 0.5, 0.75, 1].map((share) => [share, `${100 * share}%`]), up, across);
  let sum = 0;
  const points = [[across(0), up(0)], ...counts.map((count, rank) => [across(rank + 1), up((sum += count) / all)])];
  const path = (list) => list.map(([left, top], index) => `${index ? 'L' : 'M'}${left.toFixed(1)} ${top.toFixed(1)}`).join('');
  const covered = points.slice(0, main + 1);
  chart.append(drawn('path', { d: `${path(covered)}L${covered[main][0].toFixed(1)} ${up(0)}Z`, fill: 'var(--accent)', opacity: 0.15 }));
  chart.append(drawn('path', { d: path(points), fill: 'none', stroke: 'var(--muted)', 'stroke-width': 1.5 }), drawn('path', { d: path(covered), fill: 'none', stroke: 'var(--accent)', 'stroke-width': 2.5 }));
  chart.append(drawn('line', { x1: 44, x2: width - 8, y1: up(data.threshold), y2: up(data.threshold), stroke: '#d55e00', 'stroke-dasharray': '5 4' }));
  const words = `others_threshold ${data.threshold}: ${main} main ${main === 1 ? 'topic' : 'topics'} of ${counts.length}`;
  chart.append(drawn('text', { class: 'name', x: width - 10, y: height - 30, 'text-anchor': 'end' }, words));
  chart.setAttribute('aria-label', words);
  element('coverage-chart').replaceChildren(chart);
}
