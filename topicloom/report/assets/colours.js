// What colours the points: a few that all eyes can distinguish for categories, an even ramp for numbers.

// cividis, by a few of its colours: even in lightness, and the same to colour-blind eyes.
const CIVIDIS = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];
function cividis(share) {
  const at = Math.min(share, 0.99999) * (CIVIDIS.length - 1), from = Math.floor(at);
  return CIVIDIS[from].map((value, channel) => Math.round(value + (CIVIDIS[from + 1][channel] - value) * (at - from)));
}
const hexOf = (parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
const STEPS = 48;

// The ramp without the end that the paper's colour swallows.
const ramp = (share) => hexOf(cividis(isDark() ? 0.44 + 0.56 * share : 0.62 * share));
const isDark = () => document.documentElement.dataset.theme === 'dark';
function colourOf(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return /^#...$/.test(value) ? value.replace(/[^#]/g, '$&$&') : value;
}

// For a column: the colours, and the place of each paper's among them. The last is that of papers without a value.
function colouring(column, data) {
  const none = colourOf('--outlier');
  if (column.kind === 'number') {
    const hexes = Array.from({ length: STEPS }, (_, step) => ramp(step / (STEPS - 1)));
    const place = (row) => (Number.isNaN(column.values[row]) ? STEPS : Math.round(column.share(column.values[row]) * (STEPS - 1)));
    return { hexes: [...hexes, none], place };
  }
  if (column.key === 'topic') {
    const outliers = data.topics.length;
    return { hexes: [...data.topics.map((entry) => (isDark() ? entry.dark : entry.colour)), none], place: (row) => Math.min(column.codes[row], outliers) };
  }
  const hexes = [...data.palette[isDark() ? 'dark' : 'light'], none], last = hexes.length - 1;
  const rank = ranked(column);
  const colourFor = Uint8Array.from(column.sets, ([first]) => Math.min(rank[first], last));
  return { hexes, place: (row) => (column.codes[row] < 0 ? last : colourFor[column.codes[row]]) };
}

// The place of each value of a category by its papers; outliers and no value have no colour of their own.
function ranked(column) {
  if (column.rank) return column.rank;
  const counts = countsOf(column), grey = column.fixed ? column.names.length - 1 : -1;
  const order = [...column.names.keys()].filter((value) => value !== grey);
  if (!column.fixed) order.sort((a, b) => counts[b] - counts[a] || a - b);
  column.rank = new Uint16Array(column.names.length).fill(999);
  order.forEach((value, place) => { column.rank[value] = place; });
  column.counts = counts; column.order = order;
  return column.rank;
}
