// Puts the page together, and switches between light and dark.
function themed(redraw) {
  const root = document.documentElement, dark = window.matchMedia('(prefers-color-scheme: dark)');
  const kept = () => { try { return localStorage.getItem('topicloom-theme'); } catch { return null; } };
  const set = (theme) => { root.dataset.theme = theme; redraw(); };
  set(kept() || (dark.matches ? 'dark' : 'light'));
  dark.addEventListener('change', () => { if (!kept()) set(dark.matches ? 'dark' : 'light'); });
  element('theme').addEventListener('click', () => {
    const next = root.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('topicloom-theme', next); } catch { /* a browser may forbid it for files */ }
    set(next);
  });
}

// On a narrow screen remarks are folded: the map is what a reader came for.
if (window.matchMedia('(max-width: 600px)').matches) for (const note of document.querySelectorAll('details.note')) note.open = false;

let redraw = () => {};
themed(() => redraw());
unpack().then((data) => {
  if (data.papers.keywords) element('search').placeholder = 'title, author, source, keyword, DOI, UT';
  const map = paperMap(data);
  redraw = map.redraw;
  const show = (number) => { map.showTopic(number); element('map').scrollIntoView(); };
  topicTable(data, map.showTopic);
  for (const link of document.querySelectorAll('.to-topic')) link.addEventListener('click', (event) => { event.preventDefault(); show(Number(link.dataset.topic)); });
  wordCharts(data);
  yearCharts(data);
  heatmap(data, show);
  quadrants(data, show);
  alluvial(data, show);
  contrasts(data, map.papers, show);
  crossings(data, (number, field, name) => { map.showTopic(number, field, name); element('map').scrollIntoView(); });
  tree(data, show);
  scoreChart(data);
  coverageChart(data);
  resolutionChart(data);
  methodsText(data);
  document.body.dataset.ready = 'true';
}).catch((error) => {
  element('listed').textContent = `The map and the charts could not be drawn: ${error.message}. A browser of 2023 or later is needed.`;
  document.body.dataset.ready = 'failed';
});
