// Block Kit to DOM: https://docs.slack.dev/reference/block-kit/blocks. `blocks(list, context)` draws messages, modals and
// the App Home. The context has `act(action, control)`, a promise that settles when the bot has acknowledged; `kept`, the
// values entered so far by block and action ID; and `readers`, which `values(context)` calls to read the state.
import { chart } from "./chart.js";
import { directory, el, icon, link, markdown, nameOf, richText, table, text } from "./text.js";

const plain = (object) => object?.text ?? "";
let serial = 0;

/** A menu next to its button; `items` are {node, run, current}. The popover handles light dismiss and Escape. */
export function menu(anchor, label, items) {
  const close = () => pop.remove();
  const pop = el("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto" }, items.map((item) =>
    el("button", { type: "button", role: item.current === undefined ? "menuitem" : "menuitemradio", "aria-checked": item.current === undefined ? undefined : String(item.current),
      onclick: () => { pop.hidePopover(); item.run(); } }, item.node)));
  pop.addEventListener("toggle", (event) => event.newState === "closed" && close());
  pop.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...pop.children];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  anchor.after(pop);
  pop.showPopover();
  const at = anchor.getBoundingClientRect();
  const size = pop.getBoundingClientRect();
  pop.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  pop.style.top = `${at.bottom + size.height + 8 > innerHeight ? Math.max(8, at.top - size.height - 4) : at.bottom + 4}px`;
  (pop.querySelector("[aria-checked=true]") ?? pop.firstChild).focus();
}

/** A modal; `build(box)` returns its children. The dialog element traps the focus and handles Escape. */
export function dialog(className, build, oncancel) {
  const box = el("dialog", { class: className });
  box.append(...[build(box)].flat());
  box.addEventListener("cancel", (event) => { event.preventDefault(); oncancel(); });
  document.body.append(box);
  box.showModal();
  return box;
}

function confirm(ask) {
  return new Promise((resolve) => {
    const answer = (yes) => { box.close(); box.remove(); resolve(yes); };
    const box = dialog("confirm", () => [
      el("h2", { id: "confirm-title" }, text(ask.title)),
      el("div", { class: "body text" }, text(ask.text)),
      el("footer", {},
        el("button", { type: "button", class: "button", onclick: () => answer(false) }, plain(ask.deny) || "Cancel"),
        el("button", { type: "button", class: `button ${ask.style === "danger" ? "danger" : "primary"}`, autofocus: true, onclick: () => answer(true) }, plain(ask.confirm) || "Yes")),
    ], () => answer(false));
    box.setAttribute("aria-labelledby", "confirm-title");
  });
}

/** Sends one interaction, after the element's confirmation dialog if it has one, and marks its control as busy. */
async function send(element, block, context, control, value) {
  if (element.confirm && !(await confirm(element.confirm))) return false;
  control.setAttribute("aria-busy", "true");
  await context.act({ type: element.type, block_id: block.block_id, action_id: element.action_id, ...value }, control);
  control.removeAttribute("aria-busy");
  return true;
}

const options = (element) => element.options ?? element.option_groups?.flatMap((group) => group.options) ?? [];
const chosen = (element, value) => options(element).find((option) => option.value === value);

/** Unix seconds as the value of a datetime-local field, in local time. */
const localTime = (seconds) => seconds && new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16);

function pick(element, choices, attributes) {
  const initial = choices.find((choice) => choice.value === attributes.initial);
  const option = (choice) => el("option", { value: choice.value, selected: choice.value === initial?.value }, plain(choice.text));
  return el("select", { id: attributes.id, class: "button select", "aria-label": attributes.label },
    !initial && el("option", { value: "", selected: true, disabled: !attributes.optional }, plain(element.placeholder) || "Choose…"),
    element.option_groups ? element.option_groups.map((group) => el("optgroup", { label: plain(group.label) }, group.options.map(option))) : choices.map(option));
}

function checks(kind, choices, initial, id, label) {
  return el("div", { class: "checks", role: kind === "radio" ? "radiogroup" : "group", id, "aria-label": label }, choices.map((option) => el("label", {},
    el("input", { type: kind, name: id, value: option.value, checked: initial.includes(option.value) }),
    el("span", {}, text(option.text), option.description && el("small", {}, text(option.description))))));
}

/** A list of checkboxes for `choices`; the state is `{[key]: [take(value), …]}`. */
function several(choices, key, initial, take) {
  return {
    draw: (e, at) => checks("checkbox", choices(e), at.kept ?? initial(e) ?? [], at.id, at.label),
    read: (node, e) => ({ [key]: ticked(node).map((value) => take(e, value)) }),
    keep: (state) => state[key]?.map((item) => item.value ?? item),
  };
}

const ticked = (node) => [...node.querySelectorAll(":checked")].map((input) => input.value);
const people = () => [...directory.users.values()].filter((user) => !user.bot).map((user) => ({ value: user.id, text: { text: nameOf(user.id) } }));
const rooms = () => [...directory.channels.values()].map((room) => ({ value: room.id, text: { text: `#${room.name}` } }));

/** A select menu for `choices`; the state is `{[key]: …}`, with the element's own key in Slack. */
function selector(choices, key) {
  return {
    draw: (e, at) => pick(e, choices(e), { ...at, initial: at.kept ?? e.initial_option?.value ?? e[`initial_${key.slice(9)}`] }),
    read: (node, e) => ({ [key]: key === "selected_option" ? chosen(e, node.value) ?? null : node.value || null }),
    keep: (state) => state[key]?.value ?? state[key],
  };
}

function field(type, key, initial) {
  return {
    draw: (e, at) => el(e.multiline ? "textarea" : "input", {
      id: at.id, class: "field", type: e.multiline ? undefined : type, rows: e.multiline && 4, "aria-label": at.label, placeholder: plain(e.placeholder),
      maxlength: e.max_length, minlength: e.min_length, min: e.min_value, max: e.max_value, value: e.multiline ? undefined : at.kept ?? e[initial] },
    e.multiline ? at.kept ?? e[initial] : null),
    read: (node) => ({ [key]: node.value || null }),
    keep: (state) => state[key],
  };
}

/** Elements with a value: how to draw each, read it, and keep its value when its view is redrawn. */
const INPUTS = {
  plain_text_input: field("text", "value", "initial_value"),
  email_text_input: field("email", "value", "initial_value"),
  url_text_input: field("url", "value", "initial_value"),
  number_input: field("number", "value", "initial_value"),
  datepicker: field("date", "selected_date", "initial_date"),
  timepicker: field("time", "selected_time", "initial_time"),
  static_select: selector(options, "selected_option"),
  users_select: selector(people, "selected_user"),
  channels_select: selector(rooms, "selected_channel"),
  conversations_select: selector(rooms, "selected_conversation"),
  datetimepicker: {
    draw: (e, at) => el("input", { id: at.id, class: "field", type: "datetime-local", "aria-label": at.label, value: localTime(at.kept ?? e.initial_date_time) }),
    read: (node) => ({ selected_date_time: node.value ? Math.round(new Date(node.value).getTime() / 1000) : null }),
    keep: (state) => state.selected_date_time,
  },
  multi_users_select: several(people, "selected_users", (e) => e.initial_users, (_, value) => value),
  radio_buttons: {
    draw: (e, at) => checks("radio", e.options, [at.kept ?? e.initial_option?.value], at.id, at.label),
    read: (node, e) => ({ selected_option: chosen(e, ticked(node)[0]) ?? null }),
    keep: (state) => state.selected_option?.value,
  },
};
INPUTS.checkboxes = INPUTS.multi_static_select = several(options, "selected_options", (e) => e.initial_options?.map((option) => option.value), chosen);

function input(element, block, context, at) {
  const kind = INPUTS[element.type];
  if (!kind) return el("span", { class: "unknown" }, `The sandbox does not support “${element.type}” elements.`);
  const kept = context.kept?.[block.block_id]?.[element.action_id];
  const node = kind.draw(element, { ...at, kept: kept && (kind.keep(kept) ?? "") });
  const read = () => ({ type: element.type, ...kind.read(node, element) });
  context.readers?.push([block.block_id, element.action_id, read]);
  node.dataset.key = `${block.block_id}/${element.action_id}`;
  if (block.type !== "input" || block.dispatch_action) {
    const marks = () => [...node.querySelectorAll("option, input")].map((mark) => (mark.tagName === "OPTION" ? mark.selected : mark.checked));
    let before = marks();
    node.addEventListener("change", async () => {
      const sent = await send(element, block, context, node, read());
      if (sent) before = marks();
      else node.querySelectorAll("option, input").forEach((mark, i) => { mark[mark.tagName === "OPTION" ? "selected" : "checked"] = before[i]; });
    });
  }
  return node;
}

const CONTROLS = {
  button(e, block, context) {
    const key = `${block.block_id}/${e.action_id}`;
    const look = { class: `button ${e.style ?? ""}`, "data-key": key, "aria-label": e.accessibility_label };
    const press = (event) => send(e, block, context, event.currentTarget, { value: e.value });
    if (e.url) {
      const anchor = link(e.url, el("span", {}, text(e.text)));
      for (const [name, value] of Object.entries(look)) if (value) anchor.setAttribute?.(name, value);
      anchor.addEventListener?.("click", press);
      return anchor;
    }
    return el("button", { type: "button", ...look, onclick: press }, el("span", {}, text(e.text)));
  },
  overflow(e, block, context) {
    const open = ({ currentTarget: anchor }) => menu(anchor, "More actions", e.options.map((option) => ({
      node: el("span", {}, text(option.text)),
      run() {
        if (/^https?:/.test(option.url)) window.open(option.url, "_blank", "noopener");
        send(e, block, context, anchor, { selected_option: option });
      },
    })));
    return el("button", { type: "button", class: "button more", "aria-label": "More actions", "aria-haspopup": "menu", "data-key": `${block.block_id}/${e.action_id}`, onclick: open }, icon("i-more"));
  },
  image,
};

function control(element, block, context) {
  return CONTROLS[element.type]?.(element, block, context)
    ?? input(element, block, context, { id: `f${serial += 1}`, label: plain(element.placeholder) || element.action_id });
}

/** The page loads nothing from other hosts: their images are shown as a link with the alt text. */
function image(block) {
  const url = block.image_url ?? "";
  if (url.startsWith("data:image/") || new URL(url || ".", location).origin === location.origin) return el("img", { src: url, alt: block.alt_text ?? "" });
  return el("span", { class: "elsewhere", title: url }, icon("i-image"), link(url, block.alt_text || "image"));
}

function cell(object) {
  return object?.type === "rich_text" ? richText(object.elements) : text({ text: object?.text ?? String(object?.value ?? ""), emoji: false });
}

const BLOCKS = {
  header: (b) => el("h2", { class: "header" }, text(b.text)),
  divider: () => el("hr"),
  section: (b, context) => [
    el("div", { class: "text grow" }, text(b.text), b.fields && el("div", { class: "fields" }, b.fields.map((item) => el("div", {}, text(item))))),
    b.accessory && el("div", { class: "accessory" }, control(b.accessory, b, context)),
  ],
  context: (b) => b.elements.map((item) => (item.type === "image" ? image(item) : el("span", { class: "text" }, text(item)))),
  actions: (b, context) => b.elements.map((item) => control(item, b, context)),
  image: (b) => el("figure", {}, b.title && el("figcaption", {}, text(b.title)), image(b)),
  rich_text: (b) => el("div", { class: "text" }, richText(b.elements)),
  data_visualization: (b) => chart(b),
  markdown: (b) => el("div", { class: "text markdown" }, markdown(b.text)),
  table: (b) => table((b.rows[0] ?? []).map(cell), b.rows.slice(1).map((row) => row.map(cell)), (b.column_settings ?? []).map((column) => `${column?.align ?? ""} ${column?.is_wrapped ? "wrap" : ""}`)),
  input(b, context) {
    const id = `f${serial += 1}`;
    const node = input(b.element, b, context, { id, optional: b.optional });
    const title = [text(b.label), b.optional && el("small", {}, " (optional)")];
    const hint = b.hint && el("p", { class: "hint", id: `${id}-hint` }, text(b.hint));
    const problem = el("p", { class: "problem", id: `${id}-problem`, role: "alert", hidden: true });
    node.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-problem`);
    if (node.matches(".checks")) node.setAttribute("aria-labelledby", `${id}-label`);
    else if (!b.optional) node.setAttribute("aria-required", "true");
    return [el(node.matches(".checks") ? "div" : "label", { class: "label", for: node.matches(".checks") ? undefined : id, id: `${id}-label` }, title), node, hint, problem];
  },
};

export function blocks(list, context) {
  return list.map((block) => el("div", { class: `block ${block.type}`, "data-block": block.block_id },
    BLOCKS[block.type]?.(block, context) ?? el("span", { class: "unknown" }, `The sandbox does not support “${block.type}” blocks.`)));
}

/** The state of a view: {block_id: {action_id: {type, value | selected_…}}}. */
export function values(context) {
  const state = {};
  for (const [block, action, read] of context.readers) (state[block] ??= {})[action] = read();
  return state;
}

/** Shows errors, {block_id: sentence}, at their inputs and focuses the first; an empty object clears them. */
export function problems(root, errors) {
  let first;
  for (const block of root.querySelectorAll("[data-block]")) {
    const place = block.querySelector(".problem");
    if (!place) continue;
    const sentence = errors[block.dataset.block];
    place.textContent = sentence ?? "";
    place.hidden = !sentence;
    const node = block.querySelector("[data-key]");
    node?.setAttribute("aria-invalid", String(Boolean(sentence)));
    if (sentence) first ??= node?.matches(".checks") ? node.querySelector("input") : node;
  }
  first?.focus();
}

