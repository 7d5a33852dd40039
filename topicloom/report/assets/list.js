// The list of papers beside the map: what it holds, in which order, and its buttons.
const LISTED = 200;

const counted = (number) => `${number.toLocaleString('en')} ${number === 1 ? 'paper' : 'papers'}`;

function paperList(papers, data, { pointed, chosenTopic }) {
  const { title, doi, ut, topic, year, typical, authors, source, sources } = papers;
  const cited = papers.columns.get('cited')?.values;
  const away = takeaway(papers, data);
  let rows = [], shownRows = 0, query = [];
  const topicName = (row) => (topic[row] < 0 ? 'outlier' : data.topics[topic[row]].label);
  const factsOf = (row) => [
    year[row] || null, topicName(row), topic[row] >= 0 ? `typicality ${Math.floor(typical[row])}` : null,
    cited && !Number.isNaN(cited[row]) ? `cited ${cited[row].toLocaleString('en')}` : null,
  ].filter(Boolean).join(' · ');

  function item(row) {
    const found = marked(title[row], query);
    const link = linkOf(doi[row], ut[row]);
    const name = link ? make('a', { href: link, target: '_blank', rel: 'noopener noreferrer' }, ...found) : make('span', {}, ...found);
    const where = [authors[row], sources[source[row]]].filter(Boolean).join('. ');
    // Keywords and identifiers are told where they were found.
    const ids = query.length ? [papers.keywords?.[row], doi[row], ut[row]].filter((id) => id && query.some(({ any }) => any.some((part) => plain(id).includes(part)))).join(' · ') : '';
    const lines = [where, ids].filter(Boolean).map((text) => make('small', { className: 'where', dir: 'auto' }, ...marked(text, query)));
    const node = make('li', {}, make('div', { dir: 'auto' }, name), ...lines, make('small', {}, dot(data.topics[topic[row]]), factsOf(row)));
    node.addEventListener('mouseenter', () => pointed(row));
    return node;
  }

  function grow() {
    const next = rows.slice(shownRows, shownRows + LISTED);
    element('papers').append(...next.map(item));
    shownRows += next.length;
    element('more-papers').hidden = shownRows >= rows.length;
    element('more-papers').textContent = `Show more (${(rows.length - shownRows).toLocaleString('en')} left)`;
  }

  const ORDERS = {
    typical: (a, b) => typical[b] - typical[a] || a - b,
    rim: (a, b) => (topic[b] >= 0) - (topic[a] >= 0) || typical[a] - typical[b] || a - b,
    newest: (a, b) => year[b] - year[a] || typical[b] - typical[a] || a - b,
    cited: (a, b) => (cited[b] || 0) - (cited[a] || 0) || a - b,
    title: (a, b) => title[a].localeCompare(title[b]) || a - b,
  };
  const choice = element('order');
  if (!cited) choice.querySelector('[value="cited"]').remove();

  function say(text) { element('taken').textContent = text; }
  const buttons = {
    'save-csv': () => save('papers.csv', away.csv(rows), 'text/csv'),
    'save-ris': () => save('papers.ris', away.ris(rows), 'application/x-research-info-systems'),
    'save-bibtex': () => save('papers.bib', away.bibtex(rows), 'application/x-bibtex'),
    'copy-dois': async () => { const dois = away.dois(rows); say(await copy(dois.join('\n')) ? `${dois.length.toLocaleString('en')} ${dois.length === 1 ? 'DOI' : 'DOIs'} copied.` : 'The browser lets nothing be copied.'); },
    'copy-query': async () => say(await copy(away.query(rows)) ? `A query of ${counted(rows.length)} copied.` : 'The browser lets nothing be copied.'),
  };
  for (const [id, act] of Object.entries(buttons)) element(id).addEventListener('click', act);
  element('more-papers').addEventListener('click', grow);

  // What is listed: rows, in the order that is chosen, or as they come.
  function show(found, heading, { words = [], topics = [], ordered = false, first = null } = {}) {
    query = words;
    const by = ORDERS[choice.value];
    // Papers with the words in the title stand before others.
    rows = ordered ? found : [...found].sort(first ? (a, b) => first[b] - first[a] || by(a, b) : by);
    element('found-topics').hidden = !topics.length;
    element('found-topics').replaceChildren('Topics of that name:', make('ul', {}, ...topics.slice(0, 5).map((number) => {
      const button = make('button', { type: 'button', className: 'link', textContent: `${data.topics[number].label} (${data.topics[number].count})`, dir: 'auto' });
      button.addEventListener('click', () => chosenTopic(number));
      return make('li', {}, dot(data.topics[number]), button);
    })), topics.length > 5 ? `and ${topics.length - 5} more` : '');
    element('listed').textContent = heading + (rows.length > LISTED ? `, the first ${LISTED} of them:` : rows.length ? ':' : '');
    element('take-away').hidden = !rows.length;
    element('order-box').hidden = !rows.length || ordered;
    element('papers').replaceChildren();
    say('');
    shownRows = 0;
    grow();
  }
  return { show, factsOf, topicName, choice };
}

// A paper's address: by its DOI, or at Web of Science.
function linkOf(doi, ut) {
  if (doi) return doiLink(doi);
  return /^WOS:[A-Z0-9]{15}$/.test(ut) ? `https://www.webofscience.com/wos/woscc/full-record/${ut}` : null;
}

// The mark of a topic in its colours, of which the theme picks one.
function dot(entry) {
  const mark = make('span', { className: entry ? 'dot tinted' : 'dot' });
  if (entry) tint(mark, entry);
  return mark;
}
function tint(node, entry) {
  node.style.setProperty('--light', entry.colour);
  node.style.setProperty('--dark', entry.dark);
  return node;
}
