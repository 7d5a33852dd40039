// Papers taken away: as CSV, RIS and BibTeX, as DOIs, and as a query of Web of Science.

// A field as a spreadsheet takes it: quoted where it must be, and never a formula.
function csvField(value) {
  const text = String(value ?? '');
  const safe = /^'*[=+\-@\t\r\n]/.test(text) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
const csvLines = (rows) => rows.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
const BOM = '\ufeff';  // by which Excel knows UTF-8

function takeaway(papers, data) {
  const topicOf = (row) => (papers.topic[row] < 0 ? null : data.topics[papers.topic[row]]);
  const authorsOf = (row) => papers.authors[row].split(';').map((name) => name.trim()).filter(Boolean);
  const yearOf = (row) => papers.year[row] || '';
  const more = () => [...papers.columns.values()].filter(({ key }) => !['topic', 'group', 'year', 'typical', 'core', 'source'].includes(key));

  function csv(rows) {
    const extra = more();
    const head = ['UT', 'DOI', 'title', 'authors', 'year', 'source', ...extra.map(({ title }) => title), 'topic', 'topic_uid', 'label', 'typicality', 'core', 'outlier'];
    const lines = rows.map((row) => {
      const topic = topicOf(row);
      return [
        papers.ut[row], papers.doi[row], papers.title[row], papers.authors[row], yearOf(row), papers.sources[papers.source[row]],
        ...extra.map((column) => valueOf(column, row)), topic ? papers.topic[row] : '', topic?.uid ?? '', topic?.label ?? '', topic ? papers.typical[row] : '', topic ? data.thirds[papers.core[row]] ?? '' : '', topic ? 0 : 1,
      ];
    });
    return BOM + csvLines([head, ...lines]);
  }

  const line = (text) => text.replace(/\s+/g, ' ').trim();
  function ris(rows) {
    return rows.map((row) => {
      const source = papers.sources[papers.source[row]], fields = [['TY', source ? 'JOUR' : 'GEN']];
      for (const name of authorsOf(row)) if (name !== 'et al.') fields.push(['AU', name]);
      fields.push(['TI', papers.title[row]], ['PY', yearOf(row)], ['T2', source], ['DO', papers.doi[row]], ['AN', papers.ut[row]], ['KW', topicOf(row)?.label ?? '']);
      return `${fields.filter(([, value]) => value !== '').map(([tag, value]) => `${tag}  - ${line(String(value))}\r\n`).join('')}ER  - \r\n\r\n`;
    }).join('');
  }

  const TEX = { '\\': '\\textbackslash{}', '~': '\\textasciitilde{}', '^': '\\textasciicircum{}' };
  const tex = (text) => line(String(text)).replace(/[\\{}%&$#_~^]/g, (letter) => TEX[letter] ?? `\\${letter}`);
  function bibtex(rows) {
    const used = new Map();
    return rows.map((row) => {
      const [first = ''] = authorsOf(row), source = papers.sources[papers.source[row]];
      const word = folded(papers.title[row]).match(/[a-z]{4,}/)?.[0] ?? 'paper';
      const stem = `${folded(first.split(/[,\s]/)[0]).replace(/[^a-z]/g, '') || 'anon'}${yearOf(row)}${word}`;
      const count = used.get(stem) ?? 0;
      used.set(stem, count + 1);
      const names = authorsOf(row).map((name) => (name === 'et al.' ? 'others' : tex(name))).join(' and ');
      const fields = [['author', names], ['title', `{${tex(papers.title[row])}}`], ['journal', tex(source)], ['year', yearOf(row)], ['doi', line(papers.doi[row]).replace(/[{}]/g, '')], ['note', tex(papers.ut[row])], ['keywords', tex(topicOf(row)?.label ?? '')]];
      return `@${source ? 'article' : 'misc'}{${stem}${count ? `-${count + 1}` : ''},\n${fields.filter(([, value]) => value).map(([name, value]) => `  ${name} = {${value}},\n`).join('')}}\n`;
    }).join('\n');
  }

  return {
    csv, ris, bibtex,
    dois: (rows) => rows.map((row) => papers.doi[row]).filter(Boolean),
    query: (rows) => `UT=(${rows.map((row) => papers.ut[row]).join(' OR ')})`,
  };
}

function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = make('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Into the clipboard; a browser that forbids it gets the text to copy by hand.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make('textarea', { value: text, readOnly: true });
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
