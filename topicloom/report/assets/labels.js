// Names on the map: coarse groups from afar, finer ones from near, titles from nearest; none over another.
const AROUND = [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];
const MOST_NAMES = 70, TITLES_FROM = 12, MOST_TITLES = 40;

function mapLabels(papers, data, view, finder, context) {
  const widths = new Map();
  const widthOf = (text, font) => {
    const key = `${font}|${text}`;
    if (!widths.has(key)) { context.font = font; widths.set(key, context.measureText(text).width); }
    return widths.get(key);
  };
  const places = [];  // boxes of the names that are drawn, and their groups
  const own = new Map(data.groups.filter(([level, code]) => level === data.levels.length && code).map((group) => [group[1] - 1, group]));

  function draw(visible, topic) {
    const levels = data.groups.length ? data.groups[data.groups.length - 1][0] + 1 : 0;
    const taken = [], named = [];
    places.length = 0;
    const inside = ([left, top, right, bottom]) => left >= 0 && top >= 0 && right <= view.width && bottom <= view.height
      && !(right > view.width - 130 && bottom > view.height - 50) && !(left < 330 && top < 46);  // the buttons' corners
    const free = (box) => inside(box) && !taken.some((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1]);
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.textAlign = 'center'; context.textBaseline = 'middle'; context.lineJoin = 'round';
    context.strokeStyle = colourOf('--paper'); context.lineWidth = 3.5; context.fillStyle = colourOf('--ink');

    const write = ({ lines, font, step, box, across, down }) => {
      context.font = font;
      taken.push(box);
      lines.forEach((line, index) => {
        const place = down + (index - (lines.length - 1) / 2) * step;
        context.strokeText(line, across, place);
        context.fillText(line, across, place);
      });
    };
    // Beside its place, then smaller: the first that is free.
    function placed(label, left, top, large) {
      for (const [around, size] of large ? [[0, 14], [1, 14], [1, 11.5]] : [[0, 11.5]]) {
        const font = `${large ? 650 : 450} ${size}px system-ui, sans-serif`;
        const lines = wrap(label, large ? 24 : 26), step = size * 1.16;
        const wide = Math.max(...lines.map((line) => widthOf(line, font))) / 2 + 4, tall = (lines.length * step) / 2 + 2;
        for (const far of around ? [1, 1.6, 2.4] : [0]) {
          for (const [dx, dy] of around ? AROUND : [[0, 0]]) {
            const across = left + dx * far * wide, down = top + dy * far * 2 * tall;
            const box = [across - wide, down - tall, across + wide, down + tall];
            if (free(box)) return { lines, font, step, box, across, down };
          }
        }
      }
      return null;
    }
    const name = (group, large) => {
      const [, , label, x, y] = group;
      const left = view.screenX(x), top = view.screenY(y);
      if (left < 0 || top < 0 || left > view.width || top > view.height || named.includes(label)) return;
      const fits = placed(label, left, top, large);
      if (fits) { write(fits); named.push(label); places.push([fits.box, group]); }
    };

    // The chosen topic's own name comes before those of groups.
    const chosen = topic === null ? undefined : own.get(topic), start = (label) => label.split(',')[0];
    if (chosen) name(chosen, true);
    const finest = Math.min(levels - 1, Math.floor(1.5 + Math.log2(Math.max(view.scale, 1)) * 0.9));
    const coarsest = Math.max(0, finest - 1);
    for (const group of data.groups) {
      const [level, , label] = group;
      if (chosen && start(label) === start(chosen[2])) continue;  // its group, which is called nearly the same
      if (level >= coarsest && level <= finest && named.length <= MOST_NAMES) name(group, level === coarsest && levels > 1);
    }
    if (view.scale >= TITLES_FROM) titles(visible, free, write);
    return named;
  }

  // Of few papers in view their titles, beside them.
  function titles(visible, free, write) {
    const rows = finder.inView(MOST_TITLES, visible);
    const font = '400 11px system-ui, sans-serif';
    for (const row of rows ?? []) {
      const [first, second] = wrap(papers.title[row], 40), line = second ? `${first}…` : first, half = widthOf(line, font) / 2 + 3;
      const across = view.screenX(papers.x[row]) + half + 6, down = view.screenY(papers.y[row]);
      const box = [across - half, down - 8, across + half, down + 8];
      if (free(box)) write({ lines: [line], font, step: 13, box, across, down });
    }
  }
  // The group of topics whose name lies under a place, or undefined.
  const under = (left, top) => places.find(([box, [level]]) => level < data.levels.length && box[0] <= left && left <= box[2] && box[1] <= top && top <= box[3])?.[1];
  return { draw, under };
}

// What a group's name stands for, so that nobody takes the name for all of it.
const TOLD_TOPICS = 3;
function standsFor(data, [level, code, label, , , count]) {
  const own = data.topics.map((_, number) => number).filter((number) => data.levels[level][number] === code).sort((a, b) => data.topics[b].count - data.topics[a].count || a - b);
  const first = own.slice(0, TOLD_TOPICS).map((number) => data.topics[number].label).join('; '), rest = own.length - TOLD_TOPICS;
  return `“${label}” stands for ${counted(count)} in ${own.length.toLocaleString('en')} ${own.length === 1 ? 'topic' : 'topics'}: ${first}${rest > 0 ? `; and ${rest.toLocaleString('en')} more` : ''}`;
}

// At most three lines of some letters.
function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] && lines[last].length + word.length >= width) lines.push(word);
    else lines[last] += (lines[last] ? ' ' : '') + word;
  }
  return lines.slice(0, 3).map((line) => (line.length > width + 8 ? `${line.slice(0, width + 7)}…` : line));
}
