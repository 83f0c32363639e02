// What is wrong with how a drawn message looks, as sentences; run in the page with the node that holds it.
(root) => {
  const wrong = [];
  const page = document.documentElement.clientWidth;
  const shown = (node) => node.checkVisibility() && node.getClientRects().length > 0;
  const say = (node) => node.textContent.trim().slice(0, 60);
  const scrolls = (node) => node.closest("pre, .scroll");

  for (const node of root.querySelectorAll("*")) {
    if (!shown(node) || node.closest("svg") || node.matches(".hidden, .gutter, option")) continue;
    const box = node.getBoundingClientRect();
    if (!scrolls(node) && (box.right > page + 0.5 || box.left < -0.5)) wrong.push(`beyond the screen's edge: ${say(node)}`);
    const hides = (overflow) => ["hidden", "clip"].includes(overflow);
    const style = getComputedStyle(node);
    const wide = hides(style.overflowX) && node.scrollWidth > node.clientWidth + 1;
    if (wide || (hides(style.overflowY) && node.scrollHeight > node.clientHeight + 1)) wrong.push(`cut off: ${say(node)}`);
    if (node.matches(".unknown")) wrong.push(`cannot be drawn: ${say(node)}`);
  }

  const buttons = [...root.querySelectorAll("button, a.button, input, select, textarea")].filter(shown);
  for (const node of buttons) {
    const name = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent;
    if (!name.trim()) wrong.push(`a ${node.tagName.toLowerCase()} without a name`);
    const target = node.closest("label") ?? node;
    if (!node.matches(".reply") && target.getBoundingClientRect().height < 44) wrong.push(`too small for a thumb: ${name}`);
    const line = parseFloat(getComputedStyle(node).lineHeight);
    const text = node.matches(".button") && node.querySelector("span");
    if (text && text.getBoundingClientRect().height > 2 * line + 1) wrong.push(`a button of three lines: ${name}`);
  }

  const blocks = [...root.querySelectorAll(".block"), ...buttons.filter((node) => node.matches(".button"))];
  const boxes = blocks.filter(shown).map((node) => [node, node.getBoundingClientRect()]);
  for (const [i, [node, a]] of boxes.entries())
    for (const [other, b] of boxes.slice(i + 1))
      if (node.parentElement === other.parentElement && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        wrong.push(`one over the other: ${say(node)} | ${say(other)}`);

  // https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
  const colour = (value) => value.match(/[\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((part) => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) => below.map((part, i) => part + (top[i] - part) * (top[3] ?? 1));
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.unshift(colour(getComputedStyle(at).backgroundColor));
    return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || !shown(node) || node.closest(".gutter, .hidden, option")) continue;
    if (/\p{Extended_Pictographic}/u.test(text.data)) wrong.push(`needs an emoji font: ${text.data.trim().slice(0, 60)}`);
    const style = getComputedStyle(node);
    const back = behind(node);
    const [a, b] = [light(over(colour(style.color), back)), light(back)].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) wrong.push(`hard to read, ${((a + 0.05) / (b + 0.05)).toFixed(1)}:1: ${text.data.trim().slice(0, 60)}`);
  }

  for (const time of root.querySelectorAll(".block time"))
    if (Number.isNaN(Date.parse(time.dateTime)) || !/\d/.test(time.textContent) || /[{}]/.test(time.textContent)) wrong.push(`no date: ${say(time)}`);
  const odd = root.innerText.match(/\bundefined\b|\bNaN\b|\[object|Invalid Date|\bnull\b|@[USW]0[A-Z0-9]{2,}/);
  if (odd) wrong.push(`not for people: ${odd[0]}`);
  return [...new Set(wrong)];
}
