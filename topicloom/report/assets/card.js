// The card of a topic or a group: what it is called, how large, when, beside what, who and where, and a better name for it.
const LARGEST = 15;  // topics that a card lists

function topicCard(papers, data, { chosenTopic, renamed, pointed }) {
  const box = element('card');
  const names = new Map(Object.entries(data.named));  // labels.csv as it is, and what is renamed here
  const cited = papers.columns.get('cited')?.values;
  let changed = false;

  const rowsWith = (fits) => { const rows = []; for (let row = 0; row < papers.total; row++) if (fits(row)) rows.push(row); return rows; };
  function commonest(rows, valuesOf) {
    const counts = new Map();
    for (const row of rows) for (const value of new Set(valuesOf(row))) if (value && value !== 'et al.') counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, 5);
  }

  // Who and where, by the profile where the run has made one, else by the papers on the page.
  function facts(profile, rows) {
    const column = (key) => (row) => { const found = papers.columns.get(key); return found && found.codes[row] >= 0 ? found.sets[found.codes[row]].map((code) => found.names[code]) : []; };
    const counted = {
      authors: () => commonest(rows, (row) => papers.authors[row].split(';').map((name) => name.trim())),
      sources: () => commonest(rows, column('source')),
      countries: () => commonest(rows, column('country')),
    };
    const shown = [['authors', 'Authors'], ['sources', 'Sources'], ['countries', 'Countries'], ['institutions', 'Institutions'], ['keywords', "Authors' keywords"], ['types', 'Document types']];
    const told = shown.flatMap(([key, title]) => {
      const found = profile?.[key] ?? counted[key]?.() ?? [];
      if (!found.length) return [];
      const items = found.map(([name, count, lift, low, high]) => make('li', { dir: 'auto' }, `${name} `, make('small', { dir: 'ltr', textContent: `${count}${lift ? `, ${lift.toFixed(1)}×${high ? ` (${low.toFixed(1)} to ${high.toFixed(1)})` : ''}` : ''}` })));
      return [make('dt', { textContent: title }), make('dd', {}, make('ol', {}, ...items))];
    });
    return [...told, ...(profile && told.length ? [make('dd', { className: 'hint', textContent: 'Papers that have it, and × the share of these papers that have it over the share of all, with its 95 % interval.' })] : [])];
  }

  function papersFor(title, rows, told) {
    if (!rows.length) return [];
    const items = rows.map((row) => {
      const link = linkOf(papers.doi[row], papers.ut[row]);
      const name = link ? make('a', { href: link, target: '_blank', rel: 'noopener noreferrer', textContent: papers.title[row] }) : make('span', { textContent: papers.title[row] });
      const item = make('li', { dir: 'auto' }, name, ' ', make('small', { textContent: told(row) }));
      item.addEventListener('mouseenter', () => pointed(row));
      return item;
    });
    return [make('dt', { textContent: title }), make('dd', {}, make('ol', {}, ...items))];
  }

  function neighbours(entry) {
    if (!entry.nearest.length) return [];
    const items = entry.nearest.map(([number, similarity]) => {
      const button = make('button', { type: 'button', className: 'link', textContent: data.topics[number].label, dir: 'auto' });
      button.addEventListener('click', () => chosenTopic(number));
      return make('li', {}, dot(data.topics[number]), button, ' ', make('small', { textContent: similarity.toFixed(2) }));
    });
    return [make('dt', { textContent: 'Nearest topics' }), make('dd', {}, make('ol', {}, ...items))];
  }

  function naming(number, entry) {
    if (!entry.uid) return [];
    const field = make('input', { type: 'text', value: entry.label, maxLength: 200, id: 'new-label', dir: 'auto', ariaLabel: 'Another name of this topic' });
    const give = make('button', { type: 'submit', textContent: 'Rename' });
    const keep = make('button', { type: 'button', textContent: 'Save labels.csv', hidden: !changed });
    const form = make('form', { className: 'rename' }, field, give, keep);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const label = field.value.replace(/\s+/g, ' ').trim();
      if (!label || label === entry.label) return;
      names.set(entry.uid, label);
      changed = true;
      entry.label = label;
      renamed(number, label);
      drawTopic(number);
    });
    keep.addEventListener('click', () => save('labels.csv', csvLinesAsTyped([['topic_uid', 'label'], ...names]), 'text/csv'));
    const hint = changed ? 'labels.csv holds all names given so far: put it into the analysis folder, and run again.' : '';
    return [make('details', { open: changed }, make('summary', { textContent: 'Another name' }), form, make('p', { className: 'hint', textContent: hint }))];
  }

  // The least typical papers, of a topic that has a rim at all.
  const atTheRim = (rows) => (rows.length < 9 ? [] : [...rows].sort((a, b) => papers.typical[a] - papers.typical[b] || a - b).slice(0, 3));

  function closing() {
    const close = make('button', { type: 'button', textContent: '×', ariaLabel: 'All topics', className: 'close' });
    close.addEventListener('click', () => chosenTopic(null));
    return close;
  }
  function mostCited(profile, rows) {
    const top = profile?.cited?.map(([row]) => row) ?? (cited ? rows.filter((row) => cited[row] > 0).sort((a, b) => cited[b] - cited[a] || a - b).slice(0, 5) : []);
    return papersFor('Most cited', top, (row) => (cited ? `${cited[row].toLocaleString('en')} citations` : ''));
  }
  // Citations in a line; the percentile is among papers of the same year, since the old have more.
  function citations(profile) {
    const told = profile?.citations;
    if (!told?.papers) return '';
    const rank = told.percentile === null || told.percentile === undefined ? '' : `, mean percentile in their year ${Math.round(told.percentile)}`;
    return `${told.total.toLocaleString('en')} citations, median ${told.median}${rank}`;
  }

  // A topic, or a group of topics, or where nothing is looked for the largest topics.
  function draw(number, group, all) {
    box.hidden = number === null && group === null && !(all && data.topics.length);
    element('aside').classList.toggle('opening', number === null && group === null && all);
    if (number !== null) drawTopic(number);
    else if (group !== null) drawGroup(group);
    else if (all) drawLargest();
    else box.replaceChildren();
  }

  function linksTo(numbers) {
    return numbers.map((number) => {
      const button = make('button', { type: 'button', className: 'link', textContent: data.topics[number].label, dir: 'auto' });
      button.addEventListener('click', () => chosenTopic(number));
      return make('li', {}, dot(data.topics[number]), button, ' ', make('small', { textContent: data.topics[number].count }));
    });
  }

  function drawLargest() {
    box.replaceChildren(make('h3', { id: 'card-name', textContent: data.topics.length > LARGEST ? 'Largest topics' : 'All topics' }), make('ol', {}, ...linksTo(fieldsFirst(data).slice(0, LARGEST))));
  }

  function drawGroup(place) {
    const [, code, label, , , count, summary] = data.groups[place], column = papers.columns.get('group');
    const own = data.topics.map((_, number) => number).filter((number) => data.levels[0][number] === code).sort((a, b) => data.topics[b].count - data.topics[a].count || a - b);
    const rows = rowsWith((row) => column.codes[row] === place), profile = data.profiles?.groups?.[place];
    box.replaceChildren(
      make('h3', { id: 'card-name' }, make('bdi', { textContent: label }), closing()),
      make('p', { textContent: [`${counted(count)} in ${own.length} ${own.length === 1 ? 'topic' : 'topics'}`, citations(profile)].filter(Boolean).join(' · ') }),
      ...(summary ? [make('p', { className: 'words', dir: 'auto', textContent: summary }), make('p', { className: 'hint', textContent: 'Name and summary by the language model.' })] : []),
      make('dl', {}, make('dt', { textContent: own.length > LARGEST ? 'Largest topics' : 'Topics' }), make('dd', {}, make('ol', {}, ...linksTo(own.slice(0, LARGEST)))), ...facts(profile, rows), ...mostCited(profile, rows)),
    );
  }

  function drawTopic(number) {
    const entry = data.topics[number], rows = rowsWith((row) => papers.topic[row] === number);
    const size = [`${counted(entry.count)}, ${(100 * entry.share).toFixed(1)} % of all`, entry.meanYear ? `mean year ${entry.meanYear}` : '', entry.trend, citations(entry.profile)].filter(Boolean).join(' · ');
    const ids = [`topic ${number}`, entry.uid, entry.history].filter(Boolean).join(' · ');
    const line = data.years ? [tint(make('div', { className: 'tinted' }, yearLine(data, number, 'share', 260, 64, true)), entry)] : [];
    box.replaceChildren(
      make('h3', { id: 'card-name' }, dot(entry), make('bdi', { textContent: entry.label }), closing()),
      make('p', { textContent: size }), make('p', { className: 'hint', textContent: ids }),
      make('p', { className: 'words', dir: 'auto', textContent: entry.keywords.join(', ') }), ...line, ...naming(number, entry),
      make('dl', {}, ...neighbours(entry), ...papersFor('Core papers', entry.typical, (row) => papers.year[row] || ''), ...papersFor('At the rim', atTheRim(rows), (row) => papers.year[row] || ''), ...facts(entry.profile, rows), ...mostCited(entry.profile, rows)),
    );
  }
  return { draw };
}

// Names are read back as they are: no mark before a name that begins as a formula does.
const csvLinesAsTyped = (rows) => rows.map((fields) => `${fields.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')}\n`).join('');
