// Topics by country and by source: how often, and where more often than elsewhere.
const ROWS = 30;

// Long names without the words with which another begins, too: proceedings are told by what follows.
const LONG_NAME = 26;
function apart(names) {
  const words = names.map((name) => name.split(' '));
  return names.map((name, place) => {
    if (name.length <= LONG_NAME) return name;
    const shared = words.map((other, at) => (at === place ? 0 : words[place].findIndex((word, step) => step === words[place].length - 1 || other[step] !== word)));
    const same = Math.min(...shared.filter((count) => count > 1));
    return Number.isFinite(same) ? `… ${words[place].slice(same).join(' ')}` : name;
  });
}

function crossings(data, showBoth) {
  const found = data.profiles?.crossings ?? {}, keys = Object.keys(found).filter((key) => found[key].names.length > 0);
  if (!keys.length || !data.topics.length) return;
  element('crossings').hidden = false;
  for (const link of document.querySelectorAll('a[href="#crossings"]')) link.hidden = false;
  const choice = element('crossing'), table = element('crossing-table'), button = element('more-crossings');
  choice.append(...keys.map((key) => make('option', { value: key, textContent: data.profiles.fields[key].name })));
  const order = fieldsFirst(data);

  function draw() {
    const { names, all, counts, known } = found[choice.value], whole = data.profiles.fields[choice.value].papers;
    const short = apart(names);
    const head = make('tr', {}, make('th', { scope: 'col', textContent: 'topic' }), ...names.map((name, place) => make('th', { scope: 'col', dir: 'auto', title: name }, make('span', { textContent: short[place] }))));
    table.tHead.replaceChildren(head);
    const cell = (number, place) => {
      const count = counts[number][place], share = known[number] ? count / known[number] : 0, lift = share / (all[place] / whole);
      if (!count) return make('td');
      const node = make('button', { type: 'button', tabIndex: -1, textContent: `${Math.round(100 * share)}`, title: `${data.topics[number].label}, ${names[place]}: ${count} of ${known[number]} papers, ${lift.toFixed(1)} times the share in all papers` });
      node.addEventListener('click', () => showBoth(number, choice.value, names[place]));
      const box = make('td', {}, node);
      // Eight times the usual share and more is the strongest.
      box.style.setProperty('--more', `${Math.round(15 * Math.min(3, Math.max(0, Math.log2(lift))))}%`);
      return box;
    };
    more(button, table.tBodies[0], order.length, (at) => {
      const number = order[at], name = make('button', { type: 'button', className: 'link', textContent: data.topics[number].label, dir: 'auto', tabIndex: -1 });
      name.addEventListener('click', () => showBoth(number));
      return make('tr', {}, make('th', { scope: 'row' }, make('div', { className: 'named' }, dot(data.topics[number]), name)), ...names.map((_, place) => cell(number, place)));
    }, ROWS);
    const first = table.tBodies[0].querySelector('button');
    if (first) first.tabIndex = 0;
  }
  // One stop of Tab; arrow keys go on from cell to cell.
  table.addEventListener('keydown', (event) => {
    const cell = event.target.closest('td, th'), step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!cell || !step) return;
    event.preventDefault();
    let row = cell.parentElement.sectionRowIndex + step[0], column = cell.cellIndex + step[1];
    const { rows } = table.tBodies[0];
    // Empty cells are passed over.
    while (rows[row]?.cells[column] && !rows[row].cells[column].querySelector('button')) { row += step[0]; column += step[1]; }
    const next = rows[row]?.cells[column]?.querySelector('button');
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  choice.addEventListener('change', draw);
  draw();
}
