// The table of topics: sorting, searching, small charts of the years, and the way to the map.
function topicTable(data, showTopic) {
  const table = element('topic-table'), body = table.tBodies[0], rows = [...body.rows];
  const words = rows.map((row) => folded(row.textContent));
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.querySelector('button')?.addEventListener('click', () => {
    // Numbers start with the largest, texts with the first.
    const numeric = heading.dataset.sort === 'number', before = heading.getAttribute('aria-sort');
    const rising = before ? before === 'descending' : !numeric;
    headings.forEach((other) => other.removeAttribute('aria-sort'));
    heading.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    // Empty cells come last, whichever way it goes.
    rows.sort((a, b) => {
      const [one, other] = [value(a), value(b)];
      if (!one || !other) return (one ? 0 : 1) - (other ? 0 : 1);
      return (rising ? 1 : -1) * (numeric ? Number(one) - Number(other) : one.localeCompare(other));
    });
    body.append(...rows);
  }));
  const byRow = new Map(rows.map((row, index) => [row, words[index]]));
  element('topic-search').addEventListener('input', (event) => {
    const wanted = folded(event.target.value).split(/\s+/).filter(Boolean);
    let hits = 0;
    for (const row of rows) {
      row.hidden = !wanted.every((word) => byRow.get(row).includes(word));
      if (row.hidden) continue;
      hits++;
      // What was found is seen: marked, and unfolded where it lies within.
      const seen = folded(`${row.querySelector('.link').textContent} ${row.querySelector('summary').textContent}`);
      row.querySelector('details').open = wanted.length > 0 && !wanted.every((word) => seen.includes(word));
      const clauses = wanted.map((word) => ({ without: false, any: [word] }));
      for (const text of row.querySelectorAll('.link bdi, summary bdi, details p bdi')) text.replaceChildren(...marked(text.textContent, clauses));
    }
    element('topic-hits').textContent = wanted.length ? `${hits} of ${rows.length} topics` : '';
  });
  for (const row of rows) {
    const number = Number(row.dataset.topic);
    row.querySelector('.link').tabIndex = row.querySelector('summary').tabIndex = -1;
    row.querySelector('.link').addEventListener('click', () => { showTopic(number); element('map').scrollIntoView(); element('canvas').focus({ preventScroll: true }); });
    const cell = row.querySelector('.spark');
    if (cell && data.years) cell.append(yearLine(data, number, 'share', 90, 24, false));
  }
  // Two stops of Tab for the whole table: the names, and what is folded beside them.
  for (const part of ['.link', 'summary']) roving(body, [...body.querySelectorAll(part)]);
  onPaper(rows);
}

// Printed: the largest topics unfolded, the others in a line each.
const PRINTED_WHOLE = 30;
function onPaper(rows) {
  const bySize = [...rows].sort((a, b) => Number(b.cells[2].textContent) - Number(a.cells[2].textContent));
  bySize.forEach((row, place) => row.classList.toggle('brief', place >= PRINTED_WHOLE));
  let opened = [];
  window.addEventListener('beforeprint', () => {
    opened = bySize.slice(0, PRINTED_WHOLE).map((row) => row.querySelector('details')).filter((details) => !details.open);
    for (const details of opened) details.open = true;
  });
  window.addEventListener('afterprint', () => { for (const details of opened) details.open = false; });
}
