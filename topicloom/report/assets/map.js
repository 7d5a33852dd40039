// The map put together: points, names, filters, legend, list, card, address, and the hands that move them.
const REACH = 22, NEAREST_LISTED = 60;  // pixels around a click, and papers listed there

function paperMap(data) {
  const canvas = element('canvas'), context = canvas.getContext('2d', { alpha: false }), tip = element('tip');
  const papers = papersOf(data), view = viewOf(data.aspect), filters = filtersOf(papers, data);
  const painter = pointPainter(papers), finder = pointFinder(papers, view), labels = mapLabels(papers, data, view, finder, context);
  const visible = (row) => filters.shown[row] === 1;
  let colours = null, frame = 0, pointedRow = -1, area = null, shape = null, byKeys = false, hits = papers.total;

  const colour = element('colour-by');
  for (const { key, title } of papers.columns.values()) colour.append(make('option', { value: key, textContent: title }));
  const choices = element('topic-filter');
  const address = addressOf(papers, data, filters, view, colour);
  const list = paperList(papers, data, { pointed: pointAt, chosenTopic: showTopic });
  const card = topicCard(papers, data, { chosenTopic: showTopic, renamed, pointed: pointAt });
  const legend = legendOf(papers, data, filters, () => apply());

  const redraw = () => { if (!frame) frame = requestAnimationFrame(draw); };
  function pointAt(row) { pointedRow = row; redraw(); }

  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    const started = performance.now();
    const size = Math.max(1.2, Math.min(9, (260 / Math.sqrt(papers.total)) * Math.sqrt(view.scale)));
    painter.paint(canvas, context, view, size, { paper: colourOf('--paper'), hexes: colours.hexes, opacity: 0.9, faint: colourOf('--outlier') });
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    outlinePlaced(size);
    canvas.dataset.named = labels.draw(visible, filters.topic()).join('\n');
    if (pointedRow >= 0) ring(view.screenX(papers.x[pointedRow]), view.screenY(papers.y[pointedRow]), size / 2 + 4, 2);
    if (area) ring(view.screenX(area.x), view.screenY(area.y), area.pixels, 1);
    if (shape) outlineShape();
    if (byKeys && document.activeElement === canvas) cross();
    canvas.dataset.drawn = (performance.now() - started).toFixed(1);  // milliseconds
  }

  function ring(left, top, radius, width) {
    context.strokeStyle = colourOf('--ink'); context.lineWidth = width;
    context.beginPath();
    context.arc(left, top, radius, 0, 7);
    context.stroke();
  }
  function cross() {
    const [left, top] = [Math.round(view.width / 2), Math.round(view.height / 2)];
    context.strokeStyle = colourOf('--ink'); context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left - 9, top); context.lineTo(left + 9, top); context.moveTo(left, top - 9); context.lineTo(left, top + 9);
    context.stroke();
  }
  function outlineShape() {
    const { kind, points } = shape, [first] = points, last = points[points.length - 1];
    context.strokeStyle = colourOf('--accent'); context.lineWidth = 2; context.setLineDash([5, 4]);
    context.beginPath();
    if (kind === 'box') context.rect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
    else { points.forEach(([left, top], place) => (place ? context.lineTo(left, top) : context.moveTo(left, top))); context.closePath(); }
    context.stroke();
    context.setLineDash([]);
  }
  // Papers that were placed among fitted ones.
  function outlinePlaced(size) {
    context.strokeStyle = colourOf('--ink'); context.lineWidth = 1;
    const half = size / 2 + 1;
    for (const row of papers.placed) {
      if (!visible(row)) continue;
      // On whole pixels, so that the line is sharp.
      const left = Math.round(view.screenX(papers.x[row]) - half) - 0.5, top = Math.round(view.screenY(papers.y[row]) - half) - 0.5;
      context.strokeRect(left, top, Math.round(2 * half) + 1, Math.round(2 * half) + 1);
    }
  }

  function resize() {
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    if (!box.width || (view.width === box.width && view.height === box.height && view.ratio === ratio)) return;
    const whole = view.width === 1 || view.isWhole(), [x, y] = view.centre(), { scale } = view;
    Object.assign(view, { width: box.width, height: box.height, ratio });
    canvas.width = Math.round(box.width * ratio); canvas.height = Math.round(box.height * ratio);
    view.fit();
    if (!whole) view.centreOn(x, y, scale);
    if (colours) draw();  // at once: a canvas that was resized is empty
  }

  function recolour() {
    const column = papers.columns.get(colour.value);
    colours = colouring(column, data);
    painter.colour(colours.place);
    legend.draw(column, colours);
  }

  // Look at the filters again, and show and list what they leave.
  function apply({ listing = true, remember = true } = {}) {
    hits = filters.apply();
    painter.state(filters.stateOf);
    pointedRow = -1; area = null; tip.hidden = true;  // what it told may be left out now
    recolour();
    const { state } = filters, topics = [...filters.values('topic')];
    choices.value = topics.length === 1 ? String(topics[0] === data.topics.length ? -1 : topics[0]) : '';
    element('show-orphans').checked = state.outliers;
    element('only-placed').checked = state.placed;
    if (element('search').value.trim() !== state.text.trim()) element('search').value = state.text;
    element('selection').hidden = !filters.chosen();
    element('unselect').textContent = `Drop the selection of ${filters.chosen().toLocaleString('en')}`;
    card.draw(filters.topic(), filters.group(), !filters.narrows());
    if (listing) listAll();
    if (remember) address.write();
    redraw();
  }

  function listAll() {
    const { query } = filters.state;
    if (!filters.narrows()) { hint(); return; }
    const rows = [];
    let there = 0;
    for (let row = 0; row < papers.total; row++) if (filters.shown[row]) { rows.push(row); if (query.length) there += filters.inTitle[row]; }
    const topics = query.length ? data.topics.flatMap(({ label }, number) => (holds(query, plain(label)) ? [number] : [])) : [];
    const elsewhere = rows.length - there;
    const places = query.length && elsewhere ? `, ${there.toLocaleString('en')} by the title, ${elsewhere.toLocaleString('en')} by ${papers.keywords ? 'authors, source, keywords' : 'authors, source'}, DOI or UT` : '';
    list.show(rows, `${counted(hits)}${places}`, { words: query, topics, first: query.length ? filters.inTitle : null });
  }

  function hint() {
    const part = data.shown < data.all ? ` A random ${data.shown.toLocaleString('en')} of ${data.all.toLocaleString('en')} papers are on the map.` : '';
    list.show([], '');
    element('listed').textContent = `Click the map to list the papers there, draw around papers, or search.${part}`;
  }

  function listNear(left, top) {
    const found = finder.near(left, top, REACH, visible), rows = found.slice(0, NEAREST_LISTED);
    pointedRow = rows.length ? rows[0] : -1;
    const last = rows[rows.length - 1];
    const pixels = found.length > rows.length ? Math.hypot(view.screenX(papers.x[last]) - left, view.screenY(papers.y[last]) - top) + 2 : REACH;
    area = { x: view.dataX(left), y: view.dataY(top), pixels };
    if (!filters.narrows()) card.draw(null, null, false);  // room for the papers
    list.show(rows, rows.length ? `${counted(rows.length)} there, the nearest first` : 'No paper there', { ordered: true, words: filters.state.query });
    if (rows.length) sheet();
    redraw();
  }

  function hover(left, top) {
    const [row] = finder.near(left, top, 10, visible);
    const group = labels.under(left, top);
    tip.hidden = row === undefined && !group;
    if (tip.hidden) return;
    tip.replaceChildren(...(row === undefined ? [] : ofPaper(row)), ...(group ? [make('p', { className: 'meta', dir: 'auto', textContent: standsFor(data, group) })] : []));
    tip.style.left = `${Math.min(left + 14, Math.max(4, view.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${top + tip.offsetHeight + 20 > view.height ? Math.max(4, top - tip.offsetHeight - 10) : top + 14}px`;
  }
  function ofPaper(row) {
    const column = papers.columns.get(colour.value), told = ['topic', 'year', 'typical', 'cited', 'group', 'core'].includes(colour.value) ? '' : valueOf(column, row);
    const meta = [list.factsOf(row), told, papers.isPlaced[row] ? 'new' : null].filter(Boolean).join(' · ');
    return [make('p', { dir: 'auto', textContent: papers.title[row] }), make('p', { className: 'meta', textContent: meta })];
  }

  // A topic chosen: its papers, its card, and the map moved there; null: all topics. Of a country or source, if named,
  // only its papers.
  function showTopic(number, field = null, name = null) {
    filters.search('');
    element('search').value = '';
    filters.setValues('group', new Set());
    const column = papers.columns.get({ countries: 'country', sources: 'source' }[field]), value = column?.names.indexOf(name) ?? -1;
    if (column) filters.setValues(column.key, new Set(value < 0 ? [] : [value]));
    filters.setValues('topic', new Set(number === null ? [] : [number]));
    if (number === null) view.fit(); else { goTo(number); sheet(); }
    apply();
  }
  function goTo(number) {
    const rows = [];
    for (let row = 0; row < papers.total; row++) if (papers.topic[row] === number) rows.push(row);
    if (!rows.length) return;
    // Most of its papers, not the few that lie far off, decide what is shown.
    const part = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
    const [xs, ys] = [papers.x, papers.y].map((values) => Array.from(rows, (row) => values[row]).sort((a, b) => a - b));
    view.show(part(xs, 0.05), part(xs, 0.95), part(ys, 0.05), part(ys, 0.95));
  }

  function renamed(number, label) {
    for (const group of data.groups) if (group[0] === data.levels.length && group[1] === number + 1) group[2] = label;
    papers.columns.get('topic').names[number] = label;
    choices.querySelector(`[value="${number}"]`).textContent = `${number} ${label}`;
    const named = document.querySelector(`#topic-table tr[data-topic="${number}"] .link bdi`);
    if (named) named.textContent = label;
    listAll();
    redraw();
  }

  const hands = gestures(canvas, view, {
    hover, click: listNear,
    leave() { tip.hidden = true; },
    moved() { redraw(); address.later(); },
    outlined(drawing) { shape = drawing; redraw(); },
    escape() { apply(); },
    selected(drawing) { select(rowsWithin(drawing, papers, view, filters.without('selection')), drawing.out); },
  });
  function select(rows, out) { filters.select(rows, out); apply(); }

  // On a narrow screen the list comes up from below, where a tap would list unseen.
  const sheet = () => element('aside').classList.add('sheet');
  element('close-sheet').addEventListener('click', () => { element('aside').classList.remove('sheet'); canvas.focus({ preventScroll: true }); });

  canvas.addEventListener('keydown', () => { byKeys = true; });
  canvas.addEventListener('pointerdown', () => { byKeys = false; });
  for (const type of ['focus', 'blur']) canvas.addEventListener(type, redraw);

  // The buttons on the map.
  const zoomed = (act) => () => { act(); tip.hidden = true; redraw(); address.later(); };
  element('zoom-in').addEventListener('click', zoomed(() => view.zoom(1.6)));
  element('zoom-out').addEventListener('click', zoomed(() => view.zoom(1 / 1.6)));
  element('zoom-all').addEventListener('click', zoomed(() => view.fit()));
  const tools = ['box', 'lasso'];
  for (const tool of tools) {
    element(`tool-${tool}`).addEventListener('click', () => {
      hands.use(hands.tool() === tool ? null : tool);
      for (const other of tools) element(`tool-${other}`).setAttribute('aria-pressed', hands.tool() === other);
    });
  }
  element('select-view').addEventListener('click', () => select(rowsWithin({ kind: 'box', points: [[0, 0], [view.width, view.height]] }, papers, view, filters.without('selection'))));
  element('select-matches').addEventListener('click', () => { const found = filters.without('selection'); select([...found.keys()].filter((row) => found[row])); });
  element('unselect').addEventListener('click', () => { filters.unselect(); apply(); });
  fullScreen(element('map-frame'), element('full'));
  element('copy-link').addEventListener('click', async () => { element('link-copied').textContent = (await copy(address.link())) ? 'Link copied.' : 'The browser lets nothing be copied.'; });

  // The form above the map.
  data.topics.forEach((entry, number) => choices.append(make('option', { value: number, textContent: `${number} ${entry.label}` })));
  choices.append(make('option', { value: -1, textContent: 'outliers' }));
  choices.addEventListener('change', () => {
    const value = choices.value === '' ? null : Number(choices.value);
    filters.setValues('topic', new Set(value === null ? [] : [value < 0 ? data.topics.length : value]));
    if (value === null) view.fit(); else if (value >= 0) goTo(value);
    apply();
  });
  let waiting = 0;
  element('search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(() => { filters.search(element('search').value); apply(); }, 120); });
  element('show-orphans').addEventListener('change', (event) => { filters.state.outliers = event.target.checked; apply(); });
  element('only-placed').addEventListener('change', (event) => { filters.state.placed = event.target.checked; apply(); });
  colour.addEventListener('change', () => { recolour(); address.write(); redraw(); });
  list.choice.addEventListener('change', listAll);
  element('filters').addEventListener('submit', (event) => { event.preventDefault(); });
  element('filters').addEventListener('reset', (event) => { event.preventDefault(); filters.clear(); colour.value = 'topic'; view.fit(); apply(); });

  new ResizeObserver(resize).observe(canvas);
  window.addEventListener('popstate', () => {
    // Without a state it is the page as it opened, or a jump to a section, which changes nothing.
    if (!address.read()) {
      if (location.hash !== '') return;
      filters.clear({ selection: false });
      colour.value = 'topic';
      view.fit();
    }
    apply({ remember: false });
  });
  onPrint(view, draw, recolour);
  resize();
  const linked = address.read();
  apply({ remember: false });
  if (linked) element('map').scrollIntoView();
  return { redraw() { recolour(); draw(); }, showTopic, papers };
}

// Printed is the whole map, on white.
function onPrint(view, draw, recolour) {
  let before = null;
  window.addEventListener('beforeprint', () => {
    before = { theme: document.documentElement.dataset.theme, centre: view.centre(), scale: view.scale };
    document.documentElement.dataset.theme = 'light';
    before.opened = [...document.querySelectorAll('details.note, #moves details')].filter((details) => !details.open);
    for (const details of before.opened) details.open = true;
    view.fit();
    recolour(); draw();
  });
  window.addEventListener('afterprint', () => {
    if (!before) return;
    document.documentElement.dataset.theme = before.theme;
    for (const details of before.opened) details.open = false;
    view.centreOn(...before.centre, before.scale);
    recolour(); draw();
  });
}

// Where a browser has no full screen for it, the map fills the window.
function fullScreen(frame, button) {
  const isFull = () => document.fullscreenElement === frame || frame.classList.contains('filling');
  const told = () => button.setAttribute('aria-pressed', isFull());
  const leave = () => { frame.classList.remove('filling'); told(); };
  button.addEventListener('click', () => {
    if (document.fullscreenElement) { document.exitFullscreen(); return; }
    if (frame.classList.contains('filling')) { leave(); return; }
    const fill = () => { frame.classList.add('filling'); told(); };
    if (frame.requestFullscreen) frame.requestFullscreen().catch(fill); else fill();
  });
  document.addEventListener('fullscreenchange', told);
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') leave(); });
}
