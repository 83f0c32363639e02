// Slack's text formats (mrkdwn, plain_text, rich_text, the markdown block) to DOM nodes. Nothing here parses HTML: the
// content of a message reaches the page only through text nodes and checked attributes.

export const directory = { users: new Map(), channels: new Map(), groups: new Map() };

const EMOJI = pairs(`
  white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ warning ⚠️
  rotating_light 🚨 no_entry ⛔ no_entry_sign 🚫 exclamation ❗ question ❓ grey_question ❔ information_source ℹ️
  red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵
  white_circle ⚪ black_circle ⚫ hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ alarm_clock ⏰ calendar 📅
  arrows_counterclockwise 🔄 repeat 🔁 rewind ⏪ leftwards_arrow_with_hook ↩️ arrow_right ➡️ arrow_up ⬆️ arrow_down ⬇️
  rocket 🚀 tada 🎉 sparkles ✨ fire 🔥 bug 🐛 boom 💥 zap ⚡ bulb 💡 construction 🚧 wrench 🔧 hammer_and_wrench 🛠️
  gear ⚙️ package 📦 ship 🚢 wheel_of_dharma ☸️ label 🏷️ link 🔗 lock 🔒 unlock 🔓 key 🔑 shield 🛡️ mag 🔍 memo 📝
  clipboard 📋 bookmark_tabs 📑 page_facing_up 📄 pushpin 📌 eyes 👀 bell 🔔 no_bell 🔕 mute 🔇 speech_balloon 💬
  robot_face 🤖 ghost 👻 wave 👋 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 pray 🙏 clap 👏 raised_hands 🙌
  bust_in_silhouette 👤 busts_in_silhouette 👥 chart_with_upwards_trend 📈 bar_chart 📊 seedling 🌱 broom 🧹 recycle ♻️
  twisted_rightwards_arrows 🔀 mega 📣 inbox_tray 📥 outbox_tray 📤 stop_sign 🛑 checkered_flag 🏁 smile 😄 thinking_face 🤔
  heart ❤️ star ⭐ coffee ☕ see_no_evil 🙈 left_right_arrow ↔️ double_vertical_bar ⏸️ black_right_pointing_double_triangle_with_vertical_bar ⏭️ zzz 💤 truck 🚚 arrow_forward ▶️ new 🆕 soon 🔜`);
// Drawn in index.html's sprite, so that status emoji also show without an emoji font.
const DRAWN = new Set(`white_check_mark x warning rotating_light red_circle large_orange_circle large_yellow_circle
  large_green_circle large_blue_circle white_circle black_circle hourglass hourglass_flowing_sand no_entry question
  grey_question arrows_counterclockwise rocket tada leftwards_arrow_with_hook eyes bell information_source lock link
  package mag wave heavy_check_mark twisted_rightwards_arrows speech_balloon bust_in_silhouette zzz inbox_tray truck
  black_right_pointing_double_triangle_with_vertical_bar`.match(/\S+/g));

function pairs(table) {
  const words = table.match(/\S+/g);
  return new Map(words.flatMap((word, i) => (i % 2 ? [] : [[word, words[i + 1]]])));
}

/** An element; `props` are attributes and `onevent` listeners. Skips null and false children. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon from the sprite; hidden from screen readers unless it has a name. */
export function icon(id, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${id}`);
  svg.append(use);
  svg.setAttribute("class", "icon");
  for (const [key, value] of name ? [["role", "img"], ["aria-label", name]] : [["aria-hidden", "true"]]) svg.setAttribute(key, value);
  return svg;
}

export function emoji(name) {
  if (DRAWN.has(name)) {
    const drawing = icon(`e-${name}`, name.replaceAll("_", " "));
    drawing.classList.add("emoji");
    return drawing;
  }
  const sign = EMOJI.get(name.replace(/::skin-tone-\d$/, ""));
  return sign ? el("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, sign) : `:${name}:`;
}

const SIGNS = new Map([...DRAWN].flatMap((name) => (EMOJI.has(name) ? [[EMOJI.get(name).replace("\uFE0F", ""), name]] : [])));
const SIGN = new RegExp(`(${[...SIGNS.keys()].join("|")})\uFE0F?`, "u");

/** Plain text, with emoji characters of the sprite drawn as icons. */
const words = (string) => string.split(SIGN).map((part, i) => (i % 2 ? emoji(SIGNS.get(part)) : part));

// https://docs.slack.dev/messaging/formatting-message-text#escaping: only these three.
const unescape = (text) => text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);

export function link(url, label = url) {
  return /^(https?:|mailto:|tel:)/i.test(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label) : label;
}

export const nameOf = (id) => directory.users.get(id)?.display || directory.users.get(id)?.name || id;
const user = (id) => el("span", { class: `mention${id === directory.me ? " me" : ""}` }, `@${nameOf(id)}`);
const group = (name) => el("span", { class: "mention me" }, `@${name}`);
const groupName = (id) => directory.groups.get(id)?.name ?? id;

function channel(id, label) {
  const room = directory.channels.get(id);
  return room ? el("a", { class: "mention", href: `#${id}` }, `#${room.name}`) : el("span", { class: "mention" }, `#${label || id}`);
}

function day(when, long) {
  const distance = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(when).setHours(0, 0, 0, 0)) / 864e5);
  return { "-1": "tomorrow", 0: "today", 1: "yesterday" }[distance] ?? long;
}

/** `<!date^…>`: https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
export function date(seconds, format, url, fallback) {
  const when = new Date(Number(seconds) * 1000);
  if (!seconds || Number.isNaN(when.getTime())) return fallback || "";
  const local = (options) => when.toLocaleString(undefined, options);
  const styles = {
    date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
    date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
    date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
    date_short: { year: "numeric", month: "short", day: "numeric" },
    date: { year: "numeric", month: "long", day: "numeric" },
    day_divider_pretty: { weekday: "long", month: "long", day: "numeric" },
    time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
    time: { hour: "2-digit", minute: "2-digit" },
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "ago") return ago(when);
    const style = styles[token] ?? styles[token.replace(/_pretty$/, "")];
    if (!style) return whole;
    return token.endsWith("_pretty") ? day(when, local(style)) : local(style);
  });
  const node = el("time", { datetime: when.toISOString(), title: exact(when) }, text);
  return url ? link(url, node) : node;
}

export const exact = (when) => when.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });

export function ago(when) {
  const seconds = Math.round((Date.now() - when) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  return seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} d ago`;
}

/** `<…>` in mrkdwn; null for plain text that is not a link, mention or date. */
function reference(inside) {
  const [target, label] = inside.split(/\|(.*)/s);
  if (/^@[UW]\w+$/.test(target)) return user(target.slice(1));
  if (/^#C\w+$/.test(target)) return channel(target.slice(1), label);
  if (/^!(here|channel|everyone)$/.test(target)) return group(target.slice(1));
  if (target.startsWith("!subteam^")) return group((label || groupName(target.slice(9))).replace(/^@/, ""));
  if (target.startsWith("!date^")) {
    const [, seconds, format = "", url] = target.split("^");
    return date(seconds, format, url && unescape(url), unescape(label || ""));
  }
  return /^(https?:|mailto:|tel:)/i.test(target) ? link(unescape(target), unescape(label || target)) : null;
}

// A mark opens after a non-letter, closes before one, and has no space at its inner edges; it does not split code or links.
const mark = (sign, name) =>
  `(?<![\\p{L}\\p{N}${sign}])${sign}(?![\\s${sign}])(?<${name}>(?:\`[^\`\\n]*\`|<[^<>\\n]*>|[^${sign}\\n\`<])+)(?<!\\s)${sign}(?![\\p{L}\\p{N}${sign}])`;
const EVERYWHERE = [":(?<emoji>[a-z0-9_+-]+(?:::skin-tone-\\d)?):", "(?<url>https?://[^\\s<>|`]*[^\\s<>|`.,;:!?)\\]'\"*_~])"];
const MRKDWN = new RegExp(
  ["`(?<code>[^`\\n]+)`", "<(?<ref>[^<>\\n]+)>", ...EVERYWHERE, mark("\\*", "bold"), mark("_", "italic"), mark("~", "strike")].join("|"), "gu");
const MARKDOWN = new RegExp(
  ["`(?<code>[^`\\n]+)`", "\\[(?<label>[^\\]\\n]+)\\]\\((?<href>[^)\\s]+)\\)", ...EVERYWHERE,
    "(?:\\*\\*(?<bold>[^\\n]+?)\\*\\*)", "(?:~~(?<strike>[^\\n]+?)~~)", mark("\\*", "italic"), mark("_", "italic2"), "\\\\(?<plain>[\\\\`*_~\\[\\]#>-])"].join("|"), "gu");

function inline(text, grammar) {
  const decode = grammar === MRKDWN ? unescape : (raw) => raw;
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(grammar)) {
    const groups = match.groups;
    const inner = (tag, body) => el(tag, {}, inline(body, grammar));
    let node;
    if (groups.code !== undefined) node = el("code", {}, decode(groups.code));
    else if (groups.ref) node = reference(groups.ref) ?? match[0];
    else if (groups.label) node = link(groups.href, groups.label);
    else if (groups.emoji) node = emoji(groups.emoji);
    else if (groups.url) node = link(decode(groups.url));
    else if (groups.bold) node = inner("strong", groups.bold);
    else if (groups.italic || groups.italic2) node = inner("em", groups.italic || groups.italic2);
    else if (groups.strike) node = inner("s", groups.strike);
    else node = groups.plain;
    nodes.push(words(decode(text.slice(at, match.index))), node);
    at = match.index + match[0].length;
  }
  return [...nodes, words(decode(text.slice(at)))];
}

/** Groups consecutive lines of the same `kind`. */
function runs(lines, kind) {
  const out = [];
  for (const line of lines) {
    const name = kind(line);
    if (out.at(-1)?.name === name) out.at(-1).lines.push(line);
    else out.push({ name, lines: [line] });
  }
  return out;
}

export function mrkdwn(text = "") {
  return String(text).split(/```\n?([\s\S]+?)\n?```/).flatMap((part, i) => {
    if (i % 2) return el("pre", { tabindex: 0 }, unescape(part));
    const prose = part.replace(/^\n|\n$/g, "");
    if (!prose) return [];
    return runs(prose.split("\n"), (line) => /^(&gt;|>)/.test(line)).map(({ name, lines }) => name
      ? el("blockquote", {}, inline(lines.map((line) => line.replace(/^(&gt;|>) ?/, "")).join("\n"), MRKDWN))
      : el("div", {}, inline(lines.join("\n"), MRKDWN)));
  });
}

/** A text object; plain_text only supports emoji. */
export function text(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  const whole = unescape(object.text ?? "");
  return object.emoji === false ? words(whole) : whole.split(/:([a-z0-9_+-]+):/).map((part, i) => (i % 2 ? emoji(part) : words(part)));
}

export const table = (head, rows, align = []) => {
  const row = (tag) => (cells) => el("tr", {}, cells.map((cell, i) => el(tag, { class: align[i], scope: tag === "th" && "col" }, cell)));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    el("table", {}, el("thead", {}, row("th")(head)), el("tbody", {}, rows.map(row("td")))));
};

/** The `markdown` block: the parts of standard Markdown that messages use. */
export function markdown(source = "") {
  const say = (line) => inline(line, MARKDOWN);
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => say(cell.trim()));
  const KINDS = [
    ["heading", /^#{1,6}\s+/], ["rule", /^(-{3,}|\*{3,})\s*$/], ["quote", /^>\s?/], ["bullets", /^\s*[-*+]\s+/],
    ["numbers", /^\s*\d+[.)]\s+/], ["table", /^\s*\|.*\|\s*$/], ["blank", /^\s*$/], ["prose", /^/],
  ];
  const strip = Object.fromEntries(KINDS);
  const list = (tag, name, lines) => el(tag, {}, lines.map((line) => el("li", { class: /^\s{2,}/.test(line) && "deep" }, say(line.replace(strip[name], "")))));
  return String(source).split(/^```\w*\n([\s\S]*?)\n?```$/m).flatMap((part, i) => {
    if (i % 2) return el("pre", { tabindex: 0 }, part);
    return runs(part.split("\n"), (line) => KINDS.find(([, pattern]) => pattern.test(line))[0]).map(({ name, lines }) => ({
      heading: () => lines.map((line) => el("p", { class: "title" }, say(line.replace(strip.heading, "")))),
      rule: () => el("hr"),
      quote: () => el("blockquote", {}, say(lines.map((line) => line.replace(strip.quote, "")).join("\n"))),
      bullets: () => list("ul", name, lines),
      numbers: () => list("ol", name, lines),
      table: () => table(cells(lines[0]), lines.slice(/^[\s|:-]+$/.test(lines[1] ?? "") ? 2 : 1).map(cells)),
      blank: () => [],
      prose: () => el("p", {}, say(lines.join("\n"))),
    })[name]());
  });
}

const RICH = {
  text: (e) => (e.style?.code ? e.text : words(e.text)),
  link: (e) => link(e.url, e.text || e.url),
  emoji: (e) => emoji(e.name),
  user: (e) => user(e.user_id),
  usergroup: (e) => group(groupName(e.usergroup_id)),
  channel: (e) => channel(e.channel_id),
  broadcast: (e) => group(e.range),
  date: (e) => date(e.timestamp, e.format, e.url, e.fallback),
  color: (e) => el("code", {}, e.value),
};
const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]];

function rich(elements = []) {
  return elements.map((e) => STYLES.reduce((node, [style, tag]) => (e.style?.[style] ? el(tag, {}, node) : node), RICH[e.type]?.(e) ?? e.text ?? `[${e.type}]`));
}

/** The parts of a rich_text block. */
export function richText(elements = []) {
  return elements.map((part) => ({
    rich_text_section: () => el("div", {}, rich(part.elements)),
    rich_text_preformatted: () => el("pre", { tabindex: 0 }, rich(part.elements)),
    rich_text_quote: () => el("blockquote", {}, rich(part.elements)),
    rich_text_list: () => el(part.style === "ordered" ? "ol" : "ul", { class: part.indent && "deep", start: part.offset && part.offset + 1 },
      part.elements.map((item) => el("li", {}, rich(item.elements)))),
  })[part.type]?.() ?? `[${part.type}]`);
}
