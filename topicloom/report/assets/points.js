// The points, written as pixels into one image: half a million of them in a frame.
const HIDDEN = 0, FAINT = 1, SHOWN = 2;

// A colour as the parts that mixing needs; opacity from 0 to 1.
function inkOf(hex, opacity) {
  const number = parseInt(hex.slice(1), 16), part = Math.round(opacity * 256);
  // Little endian: alpha, blue, green, red.
  const redBlue = ((number >> 16) & 255) | ((number & 255) << 16), green = number & 0xff00;
  return { redBlue: Math.imul(redBlue, part), green: Math.imul(green, part), rest: 256 - part };
}

function pointPainter(papers) {
  const { total, x, y, topic } = papers;
  // Outliers first, under the others; these in a shuffled order, so that no topic and no year covers the rest.
  const order = new Uint32Array(total);
  let filled = 0;
  for (let row = 0; row < total; row++) if (topic[row] < 0) order[filled++] = row;
  const outliers = filled;
  for (let row = 0; row < total; row++) if (topic[row] >= 0) order[filled++] = row;
  let seed = 1;
  for (let place = total - 1; place > outliers; place--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const other = outliers + (seed % (place - outliers + 1));
    [order[place], order[other]] = [order[other], order[place]];
  }
  const xs = Uint16Array.from(order, (row) => x[row]), ys = Uint16Array.from(order, (row) => y[row]);
  const inks = new Uint16Array(total), states = new Uint8Array(total).fill(SHOWN);
  let image = null, pixels = null, width = 0, height = 0, shadows = false;

  const sized = (context, canvas) => {
    if (image && width === canvas.width && height === canvas.height) return;
    ({ width, height } = canvas);
    image = context.createImageData(width, height);
    pixels = new Uint32Array(image.data.buffer);
  };

  // The rows of a disc, or of a ring: pairs of first and last pixel; small ones are squares.
  function stampOf(side, hollow) {
    const rows = [], radius = side / 2;
    for (let down = 0; down < side; down++) {
      const away = Math.abs(down + 0.5 - radius);
      const half = side < 4 ? radius : Math.sqrt(Math.max(0, radius * radius - away * away));
      const from = Math.round(radius - half), to = Math.round(radius + half);
      const inner = radius - Math.max(1, side / 7);
      const gap = hollow && away < inner ? Math.sqrt(inner * inner - away * away) : 0;
      if (gap > 0.5) rows.push([down, from, Math.round(radius - gap)], [down, Math.round(radius + gap), to]);
      else if (to > from) rows.push([down, from, to]);
    }
    return rows;
  }

  function part(from, to, wanted, view, side, hollow, palette) {
    const ratio = view.ratio, shift = side / 2 - 0.5;  // half a pixel more rounds what is cut off below
    const stepX = ((view.screenX(GRID) - view.screenX(0)) / GRID) * ratio, startX = view.screenX(0) * ratio - shift;
    const stepY = ((view.screenY(GRID) - view.screenY(0)) / GRID) * ratio, startY = view.screenY(0) * ratio - shift;
    const { redBlues, greens, rests } = palette, right = width - side, bottom = height - side;
    const stamp = stampOf(side, hollow), lines = stamp.length, flat = Int32Array.from(stamp.flatMap(([down, first, last]) => [down * width + first, last - first]));
    for (let place = from; place < to; place++) {
      if (states[place] !== wanted) continue;
      const left = startX + xs[place] * stepX, top = startY + ys[place] * stepY;
      if (!(left >= 0 && top >= 0 && left <= right && top <= bottom)) continue;
      const ink = inks[place], redBlue = redBlues[ink], green = greens[ink], rest = rests[ink], corner = (top | 0) * width + (left | 0);
      for (let line = 0; line < lines; line++) {
        for (let at = corner + flat[2 * line], end = at + flat[2 * line + 1]; at < end; at++) {
          const under = pixels[at];
          pixels[at] = 0xff000000
            | (((Math.imul(under & 0xff00ff, rest) + redBlue) >>> 8) & 0xff00ff)
            | (((Math.imul(under & 0x00ff00, rest) + green) >>> 8) & 0x00ff00);
        }
      }
    }
  }

  const packed = (list) => ({
    redBlues: Int32Array.from(list, ({ redBlue }) => redBlue), greens: Int32Array.from(list, ({ green }) => green), rests: Int32Array.from(list, ({ rest }) => rest),
  });

  return {
    // Which colour each paper has, by its number among those that `paint` gets.
    colour(inkNumber) { for (let place = 0; place < total; place++) inks[place] = inkNumber(order[place]); },
    state(stateOf) {
      shadows = false;
      for (let place = 0; place < total; place++) if ((states[place] = stateOf(order[place])) === FAINT) shadows = true;
    },
    paint(canvas, context, view, size, { paper, hexes, opacity, faint }) {
      sized(context, canvas);
      const ground = parseInt(paper.slice(1), 16);
      pixels.fill(0xff000000 | ((ground & 255) << 16) | (ground & 0xff00) | (ground >> 16));
      const shown = packed(hexes.map((hex) => inkOf(hex, opacity))), dimmed = packed(hexes.map(() => inkOf(faint, 0.22)));
      const side = Math.max(1, Math.round(size * view.ratio)), small = Math.max(1, Math.round(size * 0.75 * view.ratio));
      const round = small >= 5 * view.ratio;  // large enough to be a ring
      for (const [wanted, palette] of shadows ? [[FAINT, dimmed], [SHOWN, shown]] : [[SHOWN, shown]]) {
        part(0, outliers, wanted, view, small, round, palette);
        part(outliers, total, wanted, view, side, false, palette);
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.putImageData(image, 0, 0);
    },
  };
}

// A grid of cells, each with its points, to find what is under the pointer.
function pointFinder(papers, view) {
  const { x, y, total } = papers, side = 160;
  const cellOf = (value) => Math.min(side - 1, Math.floor((value / (GRID + 1)) * side));
  const starts = new Uint32Array(side * side + 1), rows = new Uint32Array(total);
  for (let row = 0; row < total; row++) starts[cellOf(y[row]) * side + cellOf(x[row]) + 1]++;
  for (let cell = 0; cell < side * side; cell++) starts[cell + 1] += starts[cell];
  const next = starts.slice();
  for (let row = 0; row < total; row++) rows[next[cellOf(y[row]) * side + cellOf(x[row])]++] = row;

  // Rows whose cell meets a box of grid steps.
  function* within(west, east, south, north) {
    const low = (value) => cellOf(Math.min(GRID, Math.max(0, value)));
    for (let v = low(south); v <= low(north); v++) {
      for (let at = starts[v * side + low(west)], end = starts[v * side + low(east) + 1]; at < end; at++) yield rows[at];
    }
  }

  // Papers within some pixels of a point, the nearest first.
  function near(left, top, pixels, visible) {
    const found = [], reach = view.steps(pixels), cx = view.dataX(left), cy = view.dataY(top);
    for (const row of within(cx - reach, cx + reach, cy - reach, cy + reach)) {
      const away = Math.hypot(view.screenX(x[row]) - left, view.screenY(y[row]) - top);
      if (away <= pixels && visible(row)) found.push([away, row]);
    }
    return found.sort((a, b) => a[0] - b[0]).map(([, row]) => row);
  }

  // Papers in the part of the map that one sees, at most so many.
  function inView(most, visible) {
    const found = [];
    for (const row of within(view.dataX(0), view.dataX(view.width), view.dataY(view.height), view.dataY(0))) {
      const left = view.screenX(x[row]), top = view.screenY(y[row]);
      if (left < 0 || top < 0 || left > view.width || top > view.height || !visible(row)) continue;
      found.push(row);
      if (found.length > most) return null;
    }
    return found;
  }
  return { near, inView };
}
