// Where the map is looked at: from steps of the grid to pixels and back, moved, zoomed, and kept on the data.
const MARGIN = 0.05, NEAREST = 200, FARTHEST = 0.6;

function viewOf(aspect) {
  const across = aspect >= 1 ? 1 : aspect, up = aspect >= 1 ? 1 / aspect : 1;
  const view = {
    scale: 1, left: 0, top: 0, width: 1, height: 1, ratio: 1, base: 1,
    screenX: (value) => (value / GRID) * across * view.base * view.scale + view.left,
    screenY: (value) => (1 - value / GRID) * up * view.base * view.scale + view.top,
    dataX: (pixel) => ((pixel - view.left) / (across * view.base * view.scale)) * GRID,
    dataY: (pixel) => (1 - (pixel - view.top) / (up * view.base * view.scale)) * GRID,
    // Steps of the grid that so many pixels are.
    steps: (pixels) => (pixels / (view.base * view.scale * Math.min(across, up))) * GRID,
    fit() {
      view.base = Math.min(view.width / across, view.height / up) * (1 - 2 * MARGIN);
      view.scale = 1;
      view.left = (view.width - across * view.base) / 2;
      view.top = (view.height - up * view.base) / 2;
    },
    move(right, down) { view.left += right; view.top += down; view.keep(); },
    zoom(factor, left = view.width / 2, top = view.height / 2) {
      const scale = Math.min(NEAREST, Math.max(FARTHEST, view.scale * factor)), change = scale / view.scale;
      view.left = left - (left - view.left) * change;
      view.top = top - (top - view.top) * change;
      view.scale = scale;
      view.keep();
    },
    // The middle never leaves the data.
    keep() {
      const [x, y] = view.centre();
      view.centreOn(Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y)), view.scale);
    },
    centre: () => [view.dataX(view.width / 2) / GRID, view.dataY(view.height / 2) / GRID],
    centreOn(x, y, scale) {
      view.scale = Math.min(NEAREST, Math.max(FARTHEST, scale));
      view.left = view.width / 2 - x * across * view.base * view.scale;
      view.top = view.height / 2 - (1 - y) * up * view.base * view.scale;
    },
    // A box of grid steps, with as much again around it.
    show(west, east, south, north) {
      const wide = Math.max(((east - west) / GRID) * across, 0.02), tall = Math.max(((north - south) / GRID) * up, 0.02);
      const scale = Math.min(40, Math.max(1, 0.5 * Math.min(view.width / (wide * view.base), view.height / (tall * view.base))));
      view.centreOn((west + east) / 2 / GRID, (south + north) / 2 / GRID, scale);
    },
    isWhole: () => Math.abs(view.scale - 1) < 1e-6 && view.centre().every((place) => Math.abs(place - 0.5) < 1e-3),
  };
  return view;
}
