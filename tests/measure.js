// What a reader sees of a page: too wide, missing, faint, fetched. The result goes to the parent.
addEventListener("load", () => {
  const all = [...document.querySelectorAll("body *")];
  const wide = all.filter(e => {
    if (e.closest(".display, .grid, figure, math, svg")) return false;
    return e.getBoundingClientRect().right > innerWidth + 1;
  });
  const cut = [...document.querySelectorAll("math, figure, .grid, .display")].filter(e => {
    const holder = e.closest(".display, .grid, figure") || e;
    if (getComputedStyle(holder).overflowX !== "visible") return false;
    return e.getBoundingClientRect().right > innerWidth + 1;
  });
  const bars = all.filter(e => e.localName !== "svg" && e.scrollHeight > e.clientHeight + 1 &&
    /auto|scroll/.test(getComputedStyle(e).overflowY));
  const flat = [...document.querySelectorAll("math")].filter(
    e => e.getClientRects().length && e.getBoundingClientRect().height < 4);

  // A glyph is missing where it looks as that of a code point which has none.
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 48;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const drawn = (char, font) => {
    pen.clearRect(0, 0, 48, 48);
    pen.font = font;
    pen.fillText(char, 8, 34);
    return pen.getImageData(0, 0, 48, 48).data.join();
  };
  const chars = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (holder.closest("style, script")) continue;
    const family = getComputedStyle(holder).fontFamily;
    for (const char of walker.currentNode.data) {
      if (/\s|\p{Mark}/u.test(char)) continue;
      chars.set(`${family}\n${char}`, [char, family]);
    }
  }
  const nothing = new Map();
  const missing = [];
  for (const [char, family] of chars.values()) {
    const font = `24px ${family}`;
    if (!nothing.has(font)) nothing.set(font, drawn("\u{10FFFF}", font));
    if (drawn(char, font) === nothing.get(font)) missing.push(char);
  }

  // Contrast of text with what is behind it, as WCAG has it.
  const channels = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(
      v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const page = behind(document.body);
  const faint = [];
  let least = 99;
  for (const e of all) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest("script, style, title")) continue;
    const style = getComputedStyle(e), drawing = e.closest("svg");
    const ink = channels(drawing ? style.fill : style.color);
    const grounds = drawing
      ? [page, ...[...drawing.querySelectorAll(".box")].map(b => channels(getComputedStyle(b).fill))]
      : [behind(e)];
    for (const ground of grounds) {
      const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      least = Math.min(least, ratio);
      if (ratio < 4.5) faint.push(`${e.outerHTML.slice(0, 60)} ${ratio.toFixed(2)}`);
    }
  }
  parent.document.body.dataset.found = JSON.stringify({
    overflow: document.documentElement.scrollWidth - innerWidth,
    wide: wide.map(e => e.outerHTML.slice(0, 80)), cut: cut.map(e => e.outerHTML.slice(0, 80)),
    bars: bars.map(e => e.outerHTML.slice(0, 80)),
    flat: flat.length, formulas: document.querySelectorAll("math").length,
    text: document.body.innerText, titles: document.querySelectorAll("svg title").length,
    errors: document.querySelectorAll("merror, parsererror").length,
    missing, faint: faint.slice(0, 5), least,
    dark: matchMedia("(prefers-color-scheme: dark)").matches, light: light(page),
    fetched: performance.getEntriesByType("resource").map(r => r.name),
  });
});
