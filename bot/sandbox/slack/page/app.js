// The workspace page: loads /ui/state, applies the events of /ui/events, and POSTs what a person does.
import { blocks, dialog, menu, problems, values } from "./blocks.js";
import { ago, directory, el, exact, icon, mrkdwn, nameOf } from "./text.js";

const $ = (id) => document.getElementById(id);
const phone = matchMedia("(max-width: 760px)");
const state = { me: "", team: {}, users: [], commands: [], channels: new Map(), home: null, modals: [], tour: null };
const view = { channel: "", home: false, thread: "", tourOpen: !phone.matches, newFrom: "", following: false };

// Storage can be blocked: the page then forgets this on reload.
const memory = {
  get(key) { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } },
  set(key, value) { try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* blocked or full */ } },
};
const read = memory.get("read") ?? {};
const dismissed = new Set(memory.get("dismissed"));
state.me = memory.get("me") ?? "";

// ---------------------------------------------------------------- talking to the server

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    toast("Cannot reach the sandbox. Try again in a moment.", true);
    return null;
  }
  const result = await answer.json().catch(() => ({}));
  if (answer.ok && result.ok !== false && !result.error) return result;
  toast(result.error || result.message || `The sandbox returned ${answer.status}.`, true);
  return null;
}

let stream;
let queue = null; // events that arrive while the state is loading
let retry = 0;

function connect() {
  stream?.close();
  stream = new EventSource("/ui/events");
  stream.addEventListener("open", load);
  stream.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data);
    if (queue) queue.push(event);
    else hear(event);
  });
  stream.addEventListener("error", lost);
}

function lost() {
  stream.close();
  $("banner").hidden = false;
  clearTimeout(lost.timer);
  lost.timer = setTimeout(connect, Math.min(5000, 500 * 2 ** retry));
  retry += 1;
}

async function load() {
  queue ??= [];
  const current = stream;
  try {
    const answer = await fetch(`/ui/state${state.me ? `?user=${encodeURIComponent(state.me)}` : ""}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = await answer.json();
    if (current !== stream) return; // a newer connection loads, and handles the events that wait
    take(fresh);
  } catch {
    if (current === stream) lost();
    return;
  }
  retry = 0;
  $("banner").hidden = true;
  const waiting = queue;
  queue = null;
  waiting.forEach(hear);
}

function take(fresh) {
  directory.users = new Map(fresh.users.map((user) => [user.id, user]));
  directory.groups = new Map(fresh.groups.map((group) => [group.id, group]));
  // The stored user can be from another sandbox.
  if (!directory.users.has(fresh.me)) fresh.me = fresh.users.find((user) => !user.bot).id;
  Object.assign(state, { team: fresh.team, me: fresh.me, users: fresh.users, commands: fresh.commands, home: fresh.home, modals: fresh.modals, tour: fresh.tour?.tour ?? fresh.tour });
  state.channels = new Map(fresh.channels.map((room) => [room.id, { ...room, messages: new Map(room.messages.map((message) => [message.ts, message])) }]));
  directory.channels = state.channels;
  directory.me = state.me;
  if (view.channel) show();
  else route();
}

const EVENTS = {
  message: stored,
  message_changed: stored,
  ephemeral: stored,
  message_deleted(event) {
    if (event.message?.reply_count) return stored(event);
    state.channels.get(event.channel)?.messages.delete(event.ts);
    return event.channel;
  },
  modal(event) {
    if (event.user !== state.me) return;
    const at = state.modals.findIndex((open) => open.id === event.view.id);
    if (at < 0) state.modals.push(event.view);
    else state.modals[at] = event.view;
    drawModals();
  },
  modal_closed(event) {
    state.modals = state.modals.filter((open) => open.id !== event.view_id);
    drawModals();
  },
  home(event) {
    if (event.user && event.user !== state.me) return;
    state.home = event.view;
    drawHome();
  },
  channel(event) {
    const room = state.channels.get(event.channel.id);
    if (room) Object.assign(room, event.channel);
    else state.channels.set(event.channel.id, { ...event.channel, messages: new Map() });
    show();
  },
  toast(event) {
    if (event.user && event.user !== state.me) return;
    toast(event.text, event.level !== "info");
    for (const form of document.querySelectorAll("dialog form[aria-busy]")) form.removeAttribute("aria-busy");
  },
  tour(event) {
    state.tour = event.tour ?? event;
    drawTour();
  },
};

function hear(event) {
  const channel = EVENTS[event.type]?.(event);
  if (!channel) return;
  if (channel === view.channel) drawMessages();
  drawSidebar();
}

function stored(event) {
  const { message } = event;
  const room = state.channels.get(message.channel);
  if (!room || !visible(message)) return undefined;
  if (event.type !== "message_changed" && !room.messages.has(message.ts) && room.id === view.channel && message.user !== state.me) {
    $("announcer").replaceChildren(el("p", {}, `${nameOf(message.user)}: `, mrkdwn(message.text)));
  }
  if (event.type === "ephemeral" && room.id === view.channel) view.following = true; // the answer to an action
  room.messages.set(message.ts, message);
  return room.id;
}

// ---------------------------------------------------------------- location: #channel, #channel/thread, #home

const visible = (message) => !message.ephemeral_for || message.ephemeral_for === state.me;
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
const inChannel = (message) => !isReply(message) || message.broadcast;
const inOrder = (room) => [...room.messages.values()].filter((message) => visible(message) && !dismissed.has(message.ts)).sort((a, b) => a.ts - b.ts);
const unread = (room) => inOrder(room).filter((message) => message.ts > (read[`${state.me} ${room.id}`] ?? "") && message.user !== state.me && inChannel(message));

function route() {
  const [name, thread = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
  const channel = state.channels.has(name) ? name : view.channel || state.channels.keys().next().value;
  if (channel !== view.channel) view.newFrom = "";
  Object.assign(view, { channel, home: name === "home", thread: state.channels.has(name) ? thread : "" });
  if (!view.newFrom) view.newFrom = (`${state.me} ${channel}` in read && unread(state.channels.get(channel))[0]?.ts) || "never";
  drawer(false);
  show();
  bottom();
  if (view.home) openHome();
  if (phone.matches || view.home) $("title").focus({ preventScroll: true });
  else if (!view.thread) main?.querySelector("textarea").focus();
}

function show() {
  const room = state.channels.get(view.channel);
  $("title").replaceChildren(...(view.home ? [botName()] : [icon("i-hash"), room.name]));
  $("topic").textContent = view.home ? "App" : room.topic;
  document.title = `${view.home ? botName() : `#${room.name}`} · Sandbox`;
  $("messages").hidden = view.home;
  $("composer").hidden = view.home;
  $("home").hidden = !view.home;
  drawComposer();
  drawMessages();
  drawHome();
  drawModals();
  drawTour();
  drawSidebar();
}

async function act(id) {
  state.me = id;
  memory.set("me", id);
  Object.assign(view, { newFrom: "never" });
  await load();
  if (view.home) openHome();
}

// ---------------------------------------------------------------- sidebar

const app = () => state.users.find((user) => user.bot && user.name !== "slackbot") ?? state.users.find((user) => user.bot);
const botName = () => app()?.display ?? "App";

function avatar(id) {
  const user = directory.users.get(id) ?? { display: "?" };
  const node = el("span", { class: `avatar${user.bot ? " bot" : ""}`, "aria-hidden": "true" }, user.bot ? icon("i-tour") : user.display.split(" ").map((part) => part[0]).join("").slice(0, 2));
  node.style.background = user.color;
  return node;
}

function drawSidebar() {
  const row = (hash, sign, name, current, count = 0, note = "") => el("li", {}, el("a", { href: hash, class: count && !current ? "unread" : undefined, "aria-current": current && "page" },
    sign, el("span", { class: "name" }, name), note && el("small", {}, note), count > 0 && !current && el("span", { class: "badge", "aria-label": `${count} unread` }, count > 99 ? "99+" : String(count))));
  if (!view.home && document.visibilityState === "visible") {
    const last = inOrder(state.channels.get(view.channel)).at(-1)?.ts;
    if (last && (!$("messages").dataset.behind)) {
      read[`${state.me} ${view.channel}`] = last;
      memory.set("read", read);
    }
  }
  const rooms = [...state.channels.values()];
  const waiting = rooms.filter((room) => room.id !== view.channel || view.home).reduce((sum, room) => sum + unread(room).length, 0);
  const others = state.users.filter((user) => !user.bot);
  const person = el("button", { type: "button", class: "person", "aria-haspopup": "menu", id: "person", "data-key": "person", onclick: ({ currentTarget }) =>
    menu(currentTarget, "Act as", others.map((user) => ({ node: [avatar(user.id), el("span", {}, user.display)], current: user.id === state.me, run: () => act(user.id) }))) },
  avatar(state.me), el("span", { class: "name" }, el("small", {}, "Acting as"), nameOf(state.me)), icon("i-chevron"));
  keepFocus($("sidebar"), () => $("sidebar").replaceChildren(
    el("div", { class: "workspace" }, el("img", { src: "icon.svg", alt: "" }), el("div", {}, el("strong", {}, "Sandbox"), el("small", {}, `${state.team.name ?? ""} workspace`)),
      el("button", { type: "button", class: "quiet phone", "aria-label": "Close", onclick: () => drawer(false) }, icon("i-close"))),
    el("h2", {}, "Channels"),
    el("ul", {}, rooms.map((room) => row(`#${room.id}`, icon("i-hash"), room.name, !view.home && room.id === view.channel, unread(room).length, room.archived ? "archived" : ""))),
    el("h2", {}, "Apps"),
    el("ul", {}, row("#home", avatar(app()?.id), botName(), view.home)),
    person));
  const opener = $("open-sidebar");
  opener.replaceChildren(icon("i-menu"), waiting ? el("span", { class: "badge" }, String(waiting)) : "");
  opener.setAttribute("aria-label", waiting ? `Channels, ${waiting} unread` : "Channels");
}

function drawer(open) {
  const closing = document.body.classList.contains("drawer") && !open;
  document.body.classList.toggle("drawer", open);
  $("scrim").hidden = !open;
  $("open-sidebar").setAttribute("aria-expanded", String(open));
  $("sidebar").inert = phone.matches && !open;
  $("main").inert = phone.matches && open;
  $("rail").inert = phone.matches && open;
  if (open) $("sidebar").querySelector("[aria-current]")?.focus();
  else if (closing) $("open-sidebar").focus();
}

// ---------------------------------------------------------------- messages

/** Redraws and restores the keyboard focus by its data-key. */
function keepFocus(root, draw) {
  const key = root.contains(document.activeElement) && document.activeElement.closest("[data-key]")?.dataset.key;
  draw();
  if (key) root.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Makes `nodes` the children of `root`, touching only those that changed. */
function arrange(root, nodes) {
  keepFocus(root, () => {
    const wanted = new Set(nodes);
    for (const child of [...root.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, i) => root.children[i] !== node && root.insertBefore(node, root.children[i] ?? null));
  });
}

const context = (channel, message) => ({
  act: (action) => post("/ui/action", { user: state.me, channel, ts: message.ts, ...action }),
});

function clock(ts) {
  const when = new Date(ts * 1000);
  const today = when.toDateString() === new Date().toDateString();
  const short = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: when.toISOString(), title: exact(when), "data-ts": ts }, today && Date.now() - when < 36e5 ? ago(when) : short);
}

function picture(file) {
  return el("figure", { class: "file" }, el("figcaption", {}, icon("i-file"), el("span", {}, file.title || file.name)), el("img", { src: file.url, alt: file.alt }));
}

function snippet(file) {
  const body = el("pre", { tabindex: 0 }, "Loading…");
  const expand = el("button", { type: "button", class: "link", hidden: true, "aria-expanded": "false", onclick() {
    const open = box.classList.toggle("open");
    expand.setAttribute("aria-expanded", String(open));
    expand.textContent = open ? "Collapse" : "Expand";
  } }, "Expand");
  const url = file.url ?? `/ui/files/${file.id}`;
  const box = el("figure", { class: "file" },
    el("figcaption", {}, icon("i-file"), el("span", {}, file.title || file.name, el("small", {}, ` ${(file.size / 1024).toFixed(1)} kB`)), expand,
      el("a", { href: url, download: file.name, class: "quiet", "aria-label": `Download ${file.name}` }, icon("i-download"))), body);
  fetch(url).then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error()))).then((content) => {
    body.textContent = content.slice(0, 200_000);
    expand.hidden = content.split("\n").length < 7;
  }).catch(() => { body.textContent = "Could not load the file."; });
  return box;
}

function drawMessage(message, { compact, inThread }) {
  const author = directory.users.get(message.user);
  const own = context(message.channel, message);
  const open = `#${message.channel}/${message.thread_ts || message.ts}`;
  const body = message.deleted ? el("p", { class: "gone" }, "This message was deleted.")
    : message.blocks?.length ? blocks(message.blocks, own) : el("div", { class: "text" }, mrkdwn(message.text));
  return el("article", { class: `message${compact ? " compact" : ""}${message.ephemeral_for ? " ephemeral" : ""}`, "data-ts": message.ts, "aria-label": `${nameOf(message.user)}, ${exact(new Date(message.ts * 1000))}` },
    compact ? el("span", { class: "gutter" }, clock(message.ts)) : avatar(message.user),
    el("div", { class: "content" },
      message.ephemeral_for && el("p", { class: "private" }, icon("i-eye"), "Only visible to you"),
      !inThread && isReply(message) && el("a", { class: "private", href: `#${message.channel}/${message.thread_ts}` }, icon("i-thread"), "Replied in a thread"),
      !compact && el("p", { class: "byline" }, el("strong", {}, nameOf(message.user)), author?.bot && el("span", { class: "app" }, "APP"), clock(message.ts)),
      body,
      message.edited && !message.deleted && el("small", { class: "edited" }, "(edited)"),
      message.files?.map((file) => (file.image ? picture(file) : snippet(file))),
      message.ephemeral_for && el("button", { type: "button", class: "link", onclick: () => { memory.set("dismissed", [...dismissed.add(message.ts)]); drawMessages(); } }, "Dismiss message"),
      !inThread && message.reply_count > 0 && el("a", { class: "replies", href: open, "data-key": `replies ${message.ts}` }, icon("i-thread"), `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`)),
    !inThread && !message.ephemeral_for && !message.deleted && el("a", { class: "reply quiet", href: open, "aria-label": "Reply in thread", title: "Reply in thread", "data-key": `reply ${message.ts}` }, icon("i-thread")));
}

const drawn = new WeakMap(); // list → Map(ts → {source, look, node})

function drawList(root, messages, inThread) {
  const before = drawn.get(root) ?? new Map();
  const after = new Map();
  const nodes = [];
  let previous;
  for (const message of messages) {
    const date = new Date(message.ts * 1000).toDateString();
    const sameDay = previous && date === new Date(previous.ts * 1000).toDateString();
    const fresh = !inThread && message.ts === view.newFrom;
    const firstReply = inThread && previous && !isReply(previous);
    if (firstReply) nodes.push(el("div", { class: "day", role: "separator" }, el("span", {}, messages.length === 2 ? "1 reply" : `${messages.length - 1} replies`)));
    if (!inThread && (!sameDay || fresh)) {
      const key = `before ${message.ts}${fresh}${sameDay}`;
      const label = sameDay ? "" : new Date().toDateString() === date ? "Today" : new Date(message.ts * 1000).toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });
      const divider = before.get(key)?.node ?? el("div", { class: `day${fresh ? " new" : ""}`, role: "separator" }, label && el("span", {}, label), fresh && el("b", {}, "New"));
      after.set(key, { node: divider });
      nodes.push(divider);
    }
    const compact = Boolean(sameDay && !fresh && !firstReply && previous.user === message.user && message.ts - previous.ts < 300 && !message.ephemeral_for && !previous.ephemeral_for && !previous.deleted);
    const source = JSON.stringify(message);
    let entry = before.get(message.ts);
    if (entry?.source !== source || entry.compact !== compact) {
      const node = drawMessage(message, { compact, inThread });
      if (entry) node.classList.add("changed");
      entry = { source, compact, node };
    }
    after.set(message.ts, entry);
    nodes.push(entry.node);
    previous = message;
  }
  drawn.set(root, after);
  arrange(root, nodes.length ? nodes : [el("p", { class: "empty" }, inThread ? "No replies yet." : `No messages in #${state.channels.get(view.channel).name} yet. Try /gitops status.`)]);
}

function drawMessages() {
  const room = state.channels.get(view.channel);
  const list = $("messages");
  const atEnd = view.following || isAtEnd(list) || list.dataset.channel !== room.id;
  const last = list.lastElementChild;
  list.dataset.channel = room.id;
  drawList(list, inOrder(room).filter(inChannel), false);
  if (atEnd) bottom();
  else if (list.lastElementChild !== last) list.dataset.behind = "1";
  $("latest").hidden = !list.dataset.behind || view.home;
  drawThread(room);
}

const isAtEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 80;

function bottom() {
  const list = $("messages");
  list.scrollTop = list.scrollHeight;
  delete list.dataset.behind;
  $("latest").hidden = true;
}

function drawThread(room) {
  const panel = $("thread");
  const parent = !view.home && view.thread && room.messages.get(view.thread);
  const was = panel.dataset.of;
  panel.hidden = !parent;
  document.body.classList.toggle("threaded", Boolean(parent));
  panel.dataset.of = parent ? parent.ts : "";
  if (!parent) return panel.replaceChildren();
  if (was !== parent.ts) {
    panel.replaceChildren(
      el("header", {}, el("h2", {}, "Thread", el("small", {}, `#${room.name}`)), el("a", { class: "quiet", href: `#${room.id}`, "aria-label": "Close thread" }, icon("i-close"))),
      el("div", { class: "list", tabindex: -1 }),
      composer("Reply…", (text) => text.startsWith("/") ? toast("Slash commands don't work in threads. Use the channel instead.", true) : post("/ui/command", { user: state.me, channel: room.id, text, thread_ts: view.thread })));
  }
  const list = panel.querySelector(".list");
  drawList(list, inOrder(room).filter((message) => message.ts === parent.ts || message.thread_ts === parent.ts), true);
  list.scrollTop = list.scrollHeight;
  if (was !== parent.ts) panel.querySelector("textarea").focus();
  return undefined;
}

// ---------------------------------------------------------------- composer

const typed = memory.get("typed") ?? [];

/** What can complete a command: {value, usage, text}. After a subcommand, the values of its next argument. */
function completions(typedText) {
  if (!typedText.startsWith("/")) return [];
  const [slash, name, ...given] = typedText.split(" ");
  const offer = (value, usage, text) => ({ value, usage, text });
  let all = state.commands.map(([command, usage, text]) => offer(`/gitops ${command}`, usage, text));
  if (given.length) {
    const usage = state.commands.find(([command]) => command === name)?.[1].replace(/[[\]]/g, "").split(" ") ?? [];
    const known = {
      APP: (state.tour?.applications ?? []).map((value) => ({ value })), REV: state.tour?.revisions ?? [],
      COMMAND: state.commands.map(([value, , text]) => ({ value, text })),
    }[usage[given.length - 1]] ?? [];
    const before = [slash, name, ...given.slice(0, -1)].join(" ");
    all = known.map(({ value, text }) => offer(`${before} ${value}`, usage[given.length], text));
  }
  if (all.some(({ value }) => value === typedText)) return []; // so that Enter sends `shop`, and not `shop-staging`
  return all.filter(({ value }) => value.startsWith(typedText));
}

/** A message box; with `complete`, it suggests what completes a command and recalls sent messages. */
function composer(placeholder, send, complete = false) {
  const id = complete ? "command" : "reply";
  const offers = el("ul", { class: "offers", id: `${id}-offers`, role: "listbox", "aria-label": "Commands", hidden: true });
  const box = el("textarea", { rows: 1, placeholder, "aria-label": placeholder, id, enterkeyhint: "send", autocomplete: "off", spellcheck: "false",
    ...(complete && { role: "combobox", "aria-autocomplete": "list", "aria-controls": `${id}-offers`, "aria-expanded": "false" }) });
  const button = el("button", { type: "button", class: "send", "aria-label": "Send", disabled: true }, icon("i-send"));
  let chosen = 0;
  let back = 0;
  let closed = false;

  const set = (value) => { box.value = value; changed(); box.setSelectionRange(value.length, value.length); };
  const fit = () => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 160)}px`; };
  const list = () => (complete && !closed ? completions(box.value) : []);
  function changed() {
    const offered = list();
    chosen = Math.min(chosen, Math.max(0, offered.length - 1));
    offers.replaceChildren(...offered.map((offer, i) => el("li", { role: "option", id: `offer-${i}`, "aria-selected": String(i === chosen), onpointerdown: (event) => { event.preventDefault(); accept(offer); } },
      el("code", {}, offer.value, el("i", {}, offer.usage && ` ${offer.usage}`)), el("span", {}, offer.text))));
    offers.hidden = !offered.length;
    if (complete) box.setAttribute("aria-expanded", String(offered.length > 0));
    if (offered.length) box.setAttribute("aria-activedescendant", `offer-${chosen}`);
    else box.removeAttribute("aria-activedescendant");
    button.disabled = !box.value.trim();
    fit();
  }
  function accept(offer) { set(`${offer.value}${offer.usage ? " " : ""}`); box.focus(); }
  async function submit() {
    const text = box.value.trim();
    if (!text || button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    view.following = true;
    const sent = await send(text);
    button.removeAttribute("aria-busy");
    if (!sent) return;
    if (typed.at(-1) !== text) typed.push(text);
    memory.set("typed", typed.slice(-50));
    back = 0;
    if (box.value.trim() === text) set("");
  }
  box.addEventListener("input", () => { closed = false; chosen = 0; back = 0; changed(); });
  box.addEventListener("blur", () => { closed = true; changed(); });
  box.addEventListener("focus", () => { closed = false; changed(); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const offered = list();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (offered.length) accept(offered[chosen]);
      else submit();
    } else if (event.key === "Tab" && offered.length && !event.shiftKey) {
      event.preventDefault();
      accept(offered[chosen]);
    } else if (event.key === "Escape" && offered.length) {
      closed = true;
      changed();
    } else if (step && offered.length && back === 0) {
      event.preventDefault();
      chosen = (chosen + step + offered.length) % offered.length;
      changed();
    } else if (step && complete && (!box.value || back)) {
      event.preventDefault();
      back = Math.max(0, Math.min(typed.length, back - step));
      closed = true;
      set(back ? typed.at(-back) : "");
    }
  });
  button.addEventListener("click", submit);
  return Object.assign(el("div", { class: "composer" }, offers, el("div", { class: "box" }, box, button)), { set, submit });
}

let main = null;
function drawComposer() {
  const room = state.channels.get(view.channel);
  const holder = $("composer");
  if (room.archived) return holder.replaceChildren(el("p", { class: "empty" }, `#${room.name} is archived.`));
  if (!main) main = composer("", (text) => post("/ui/command", { user: state.me, channel: view.channel, text }), true);
  if (holder.firstChild !== main) holder.replaceChildren(main);
  const box = main.querySelector("textarea");
  box.placeholder = `Message #${room.name} or type /gitops`;
  box.setAttribute("aria-label", `Message #${room.name}`);
  return undefined;
}

// ---------------------------------------------------------------- home and modals

/** Tells the app that its Home tab is open; what it publishes arrives as an event. */
const openHome = () => post("/ui/home", { user: state.me });

function ofView(shown, kept) {
  const own = { readers: [], kept, act: (action) => post("/ui/action", { user: state.me, view_id: shown.id, values: values(own), ...action }) };
  return own;
}

/** The values of a view's inputs: from the page, or from the server. */
const entries = (drawn, shown) => (drawn?.view.id === shown.id ? values(drawn.context) : shown.state?.values);

let home = null; // the Home tab on the page: {view, context}

function drawHome() {
  if (!view.home || (home && home.view === state.home)) return;
  const shown = state.home;
  const own = shown && ofView(shown, entries(home, shown));
  keepFocus($("home"), () => $("home").replaceChildren(shown ? el("div", { class: "sheet" }, blocks(shown.blocks, own)) : el("p", { class: "empty" }, "This app has no Home tab yet.")));
  home = shown && { view: shown, context: own };
}

const focusModal = (box) => box.querySelector(".body input, .body textarea, .body select, footer .button:last-child").focus();

let top = null; // the modal on the page: {view, box, context}

function drawModals() {
  const shown = state.modals.at(-1);
  if (top && top.view === shown) return;
  const kept = shown && entries(top, shown);
  if (top && (!shown || top.view.id !== shown.id)) {
    document.body.append($("toasts"));
    top.box.close();
    top.box.remove();
    top = null;
  }
  if (!shown) return;
  const own = ofView(shown, kept);
  const label = (object, fallback) => object?.text ?? fallback;
  const close = (cleared) => post("/ui/view/close", { user: state.me, view_id: shown.id, cleared });
  const form = el("form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy")) return;
    problems(form, {});
    form.setAttribute("aria-busy", "true");
    const done = await post("/ui/view/submit", { user: state.me, view_id: shown.id, values: values(own) });
    // An event redraws or closes the modal within Slack's three seconds.
    if (done) setTimeout(() => form.removeAttribute("aria-busy"), 4000);
    else form.removeAttribute("aria-busy");
  } },
  el("header", {}, el("h2", { id: "modal-title" }, shown.title?.text ?? ""), el("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => close(true) }, icon("i-close"))),
  el("div", { class: "body" }, blocks(shown.blocks, own)),
  el("footer", {}, el("button", { type: "button", class: "button", onclick: () => close(false) }, label(shown.close, shown.submit ? "Cancel" : "Close")),
    shown.submit && el("button", { type: "submit", class: "button primary" }, el("span", {}, label(shown.submit, "Submit")))));
  if (top) {
    keepFocus(top.box, () => top.box.replaceChildren(form));
    if (!top.box.contains(document.activeElement)) focusModal(top.box);
    top = { ...top, view: shown, context: own };
  } else {
    top = { view: shown, context: own, box: dialog("modal", () => form, () => post("/ui/view/close", { user: state.me, view_id: state.modals.at(-1)?.id })) };
    top.box.setAttribute("aria-labelledby", "modal-title");
    focusModal(top.box);
  }
  problems(form, shown.errors ?? {});
}

// ---------------------------------------------------------------- the guided tour

async function stepAction(action, button) {
  view.following = true;
  if (action.kind === "command") {
    if (view.home) location.hash = view.channel;
    if (phone.matches) tourOpen(false);
    main.set(action.text);
    return main.submit();
  }
  button.setAttribute("aria-busy", "true");
  const answer = await post(action.url, {});
  button.removeAttribute("aria-busy");
  if (!answer) return undefined;
  toast(answer.message || "Done.");
  if (phone.matches) tourOpen(false); // show the result behind the sheet
  return undefined;
}

function tourOpen(open) {
  view.tourOpen = open;
  drawTour();
  (open || phone.matches ? $("tour").firstElementChild : $("open-tour")).focus();
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast("Copied."); } catch { toast("The browser doesn't allow copying. Select the text instead.", true); }
}

function drawStep(step, number) {
  const rooms = new Map([...state.channels.values()].map((room) => [room.name, room.id]));
  const linked = (step.text ?? "").replace(/#([\w-]+)/g, (whole, name) => (rooms.has(name) ? `<#${rooms.get(name)}>` : whole));
  const button = (action) => action.kind === "link"
    ? el("a", { class: `button ${action.style ?? ""}`, href: action.url, target: "_blank", rel: "noopener", onclick: () => phone.matches && tourOpen(false) }, action.label)
    : el("button", { type: "button", class: `button ${action.style ?? ""}`, "data-key": `tour ${action.label}`, onclick: ({ currentTarget }) => stepAction(action, currentTarget) }, el("span", {}, action.label));
  return el("li", { class: [step.done ? "done" : step.current && "current", step.extra && "extra"].filter(Boolean).join(" "), "aria-current": step.current && "step" },
    el("span", { class: "mark" }, step.done ? icon("i-check", "done") : step.extra ? "+" : String(number)),
    el("div", {}, el("h2", {}, step.title), !step.done && (step.current || step.extra) && el("p", { class: "text" }, mrkdwn(linked)),
      step.actions?.length > 0 && (step.current || step.done || step.extra) && el("div", { class: "actions" }, step.actions.map((action) => button(step.done ? { ...action, style: "" } : action)))));
}

const drawnSteps = new Map(); // id → {source, node}: unchanged steps keep their nodes, so that no click is lost
let stepShown = "";

function drawTour() {
  const { tour } = state;
  const card = $("tour");
  const [fold, bar, body] = card.children;
  const all = tour?.steps ?? [];
  const steps = all.filter((step) => !step.extra);
  const done = steps.filter((step) => step.done).length;
  const current = steps.find((step) => step.current);
  const threaded = document.body.classList.contains("threaded");
  const folded = phone.matches ? !view.tourOpen : threaded;
  card.hidden = !steps.length || (!view.tourOpen && !phone.matches);
  card.classList.toggle("folded", folded);
  $("open-tour").hidden = !steps.length || view.tourOpen || phone.matches;
  $("open-tour").replaceChildren(icon("i-tour"), `Tour ${done}/${steps.length}`);
  if (card.hidden) return;
  const summary = done === steps.length ? "Tour complete" : current?.title ?? tour.title;
  fold.setAttribute("aria-expanded", String(!folded));
  fold.replaceChildren(icon("i-tour"), el("span", { class: "name" }, folded ? summary : tour.title), el("small", {}, `${done}/${steps.length}`), icon("i-chevron"));
  Object.assign(bar, { max: steps.length, value: done, ariaLabel: `${done} of ${steps.length} steps done` });
  body.hidden = folded;
  arrange(body.firstElementChild, all.map((step, i) => {
    const source = JSON.stringify(step);
    if (drawnSteps.get(step.id)?.source !== source) drawnSteps.set(step.id, { source, node: drawStep(step, i + 1) });
    return drawnSteps.get(step.id).node;
  }));
  body.querySelector(".copies").replaceChildren(...(tour.footer ?? []).map((line) => el("div", {}, el("small", {}, line.label),
    el("div", {}, el("code", { tabindex: 0 }, line.text), el("button", { type: "button", class: "quiet", "aria-label": `Copy: ${line.label}`, onclick: () => copy(line.text) }, icon("i-copy"))))));
  body.lastElementChild.replaceChildren(...(tour.restart ? [el("button", { type: "button", class: "button", onclick: ({ currentTarget }) => stepAction({ url: tour.restart }, currentTarget) }, el("span", {}, "Start over"))] : []));
  if (folded || stepShown === current?.id) return;
  stepShown = current?.id;
  body.scrollTop = (body.querySelector(".current")?.offsetTop ?? body.scrollHeight) - 60;
}

// ---------------------------------------------------------------- the rest

function toast(text, wrong = false) {
  const node = el("div", { class: wrong ? "toast wrong" : "toast", role: wrong ? "alert" : undefined }, el("span", {}, text), el("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => node.remove() }, icon("i-close")));
  // A modal makes the rest of the page inert: show the toast inside it.
  const place = document.querySelector("dialog.modal") ?? document.body;
  place.append($("toasts"));
  $("toasts").append(node);
  setTimeout(() => node.remove(), wrong ? 9000 : 5000);
}

$("skip").addEventListener("click", (event) => { event.preventDefault(); $(view.home ? "home" : "messages").focus(); });
$("open-sidebar").addEventListener("click", () => drawer(true));
$("scrim").addEventListener("click", () => drawer(false));
$("tour").firstElementChild.addEventListener("click", () => {
  if (!phone.matches && document.body.classList.contains("threaded")) location.hash = view.channel;
  else tourOpen(!view.tourOpen);
});
$("open-tour").addEventListener("click", () => tourOpen(true));
$("latest").addEventListener("click", () => { bottom(); drawSidebar(); });
// After a command or a step of the tour, the list follows what happens, until the person does something there.
for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) $("messages").addEventListener(gesture, () => { view.following = false; }, { passive: true });
// A keyboard that shrinks the list must not hide its end.
let shownEnd = true;
new ResizeObserver(() => { if (shownEnd) bottom(); }).observe($("messages"));
$("messages").addEventListener("scroll", ({ currentTarget: list }) => {
  shownEnd = isAtEnd(list);
  if (list.dataset.behind && list.scrollHeight - list.scrollTop - list.clientHeight < 40) { bottom(); drawSidebar(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (document.body.classList.contains("drawer")) drawer(false);
  else if (phone.matches && view.tourOpen) tourOpen(false);
  else if ($("thread").contains(document.activeElement)) location.hash = view.channel;
});
document.addEventListener("visibilitychange", () => state.me && drawSidebar());
phone.addEventListener("change", () => { drawer(false); view.tourOpen = !phone.matches; drawTour(); });
addEventListener("hashchange", () => state.me && route());
addEventListener("online", connect);
// iOS does not shrink 100dvh for its keyboard; the visual viewport does.
visualViewport?.addEventListener("resize", () => document.documentElement.style.setProperty("--height", `${visualViewport.height}px`));
setInterval(() => {
  for (const old of document.querySelectorAll("time[data-ts]")) old.replaceWith(clock(old.dataset.ts));
}, 30_000);
connect();
