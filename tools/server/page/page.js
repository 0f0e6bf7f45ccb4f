// SPDX-License-Identifier: MIT
// The page: the folder as posters; of a file its player, chapters, tracks, timeline, integrity, download, cut.
"use strict";

const main = document.getElementById("page"), filter = document.getElementById("filter");
let player;

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((c) => c !== undefined && c !== null));
  return element;
};
const get = async (url) => {
  const response = await fetch(url, { cache: "no-cache" });
  const json = await response.json();
  if (!response.ok) throw new Error(json.error);
  return json;
};
const path = (name) => name.split("/").map(encodeURIComponent).join("/");
const size = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; ++unit) bytes /= 1000;
  return `${bytes.toFixed(bytes < 10 && unit ? 1 : 0)} ${units[unit]}`;
};
const clock = (seconds) => {
  const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
};

// ------------------------------------------------------------------------------------------ the folder

const card = (file) => {
  const image = make("img", { src: `api/files/${path(file.name)}/poster.jpg`, alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.replaceWith(make("span", { className: "noposter", textContent: "♪" })));
  const slash = file.name.lastIndexOf("/");
  return make("a", { className: "card", href: `#${path(file.name)}` }, make("span", { className: "poster" }, image),
    make("strong", { textContent: file.name.slice(slash + 1) }),
    make("small", { textContent: `${slash >= 0 ? `${file.name.slice(0, slash)} · ` : ""}${size(file.size)}` }));
};

const showFolder = async () => {
  const { files } = await get("api/files");
  const wanted = filter.value.toLowerCase();
  const shown = files.filter((f) => f.name.toLowerCase().includes(wanted));
  document.title = "h4mkd";
  main.replaceChildren(shown.length ? make("div", { className: "cards" }, ...shown.map(card))
    : make("p", { textContent: files.length ? "No file has this in its name." : "There is no .h4mk file in this folder." }));
};

// ------------------------------------------------------------------------------------------- the file

const timeline = (file, points, video) => {
  const canvas = make("canvas", { className: "timeline", height: 72, tabIndex: 0, role: "slider", ariaLabel: "Timeline: groups of pictures and their bit rate" });
  const preview = make("div", { className: "preview", hidden: true });
  const groups = points.map((p, i) => {
    const end = points[i + 1]?.time ?? file.duration, bytes = (points[i + 1]?.offset ?? file.size) - p.offset;
    return { start: p.time, end, rate: end > p.time ? bytes / (end - p.time) : 0 };
  });
  const most = Math.max(1, ...groups.map((g) => g.rate));
  const draw = () => {
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = 72, style = getComputedStyle(document.documentElement);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const c = canvas.getContext("2d");
    c.scale(ratio, ratio);
    const x = (time) => (time / file.duration) * width;
    for (const [i, g] of groups.entries()) {
      c.fillStyle = style.getPropertyValue("--accent");
      c.globalAlpha = i % 2 ? 0.45 : 0.7;
      const h = Math.max(2, (g.rate / most) * (height - 14));
      c.fillRect(x(g.start), height - h, Math.max(0.5, x(g.end) - x(g.start) - (width / groups.length > 3 ? 1 : 0)), h);
    }
    c.globalAlpha = 1;
    c.fillStyle = style.getPropertyValue("--text");
    for (const chapter of file.chapters) c.fillRect(x(chapter.start), 0, 2, 8);
    c.fillRect(x(video.currentTime) - 1, 0, 2, height);
  };
  const timeAt = (event) => Math.min(1, Math.max(0, event.offsetX / canvas.clientWidth)) * file.duration;
  canvas.addEventListener("click", (event) => { video.currentTime = timeAt(event); });
  let cells;
  canvas.addEventListener("pointermove", async (event) => {
    cells ??= fetch(`api/files/${path(file.name)}/sprites.vtt`).then((r) => (r.ok ? r.text() : "")).then((text) =>
      [...text.matchAll(/(\d+):(\d+):([\d.]+) --> .*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g)].map((m) => ({
        start: m[1] * 3600 + m[2] * 60 + Number(m[3]), url: m[4], x: m[5], y: m[6], w: m[7], h: m[8] })));
    const time = timeAt(event), at = event.offsetX, cell = (await cells).findLast((c) => c.start <= time);
    if (cell) {
      Object.assign(preview.style, { width: `${cell.w}px`, height: `${cell.h}px`, backgroundImage: `url("api/files/${path(file.name)}/${cell.url}")`,
        backgroundPosition: `-${cell.x}px -${cell.y}px`, left: `${Math.min(canvas.clientWidth - cell.w, Math.max(0, at - cell.w / 2))}px` });
    }
    preview.dataset.time = clock(time);
    preview.hidden = !cell;
  });
  canvas.addEventListener("pointerleave", () => { preview.hidden = true; });
  video.addEventListener("timeupdate", draw);
  new ResizeObserver(draw).observe(canvas);
  return make("div", { className: "scrub" }, preview, canvas);
};

const trackRow = (track, file) => {
  const refused = file.not_streamed.find((r) => r.track === track.track);
  const what = [track.width ? `${track.width}×${track.height}` : "", track.sample_rate ? `${track.sample_rate} Hz` : "", track.channels ? `${track.channels} ch` : "",
    track.avg_frame_rate ? `${(([a, b]) => (a / b).toFixed(3).replace(/\.?0+$/, ""))(track.avg_frame_rate.split("/").map(Number))} fps` : ""].filter(Boolean).join(", ");
  const rate = track.duration > 0 ? `${size((track.bytes * 8) / track.duration).replace("B", "b")}/s` : "";
  return make("tr", { title: refused?.reason ?? "" }, ...[track.track, track.kind, track.codec, track.name || track.tags?.language || "", what, rate, track.blocks,
    refused ? "download only" : ""].map((text) => make("td", { textContent: text })));
};

const integrity = (file) => {
  const bar = make("progress", { max: 1, value: 0, hidden: true }), result = make("output");
  const button = make("button", { textContent: "Verify every byte", onclick: () => {
    button.disabled = true;
    bar.hidden = false;
    const events = new EventSource(`api/files/${path(file.name)}/verify?events=1`);
    const end = (text, className) => {
      events.close();
      button.disabled = false;
      bar.hidden = true;
      Object.assign(result, { textContent: text, className });
    };
    events.addEventListener("progress", (event) => { bar.value = JSON.parse(event.data).progress; });
    events.addEventListener("done", (event) => {
      const v = JSON.parse(event.data);
      const chunks = Object.values(v.report?.chunks ?? {}).reduce((a, b) => a + b, 0), signed = v.report?.signature?.ok ? "; the signature is good" : "";
      end(v.ok ? `${chunks} chunks and ${v.report.blocks} blocks are whole${signed}` : `${v.problems?.[0]?.message ?? v.status}${v.problems?.length > 1 ? ` and ${v.problems.length - 1} more` : ""}`, v.ok ? "good" : "bad");
    });
    events.onerror = () => end("the server did not finish", "bad");
  } });
  return make("section", {}, make("h2", { textContent: "Integrity" }), button, " ", bar, result);
};

const cut = (file, video) => {
  const from = make("input", { type: "number", min: 0, step: "any", value: 0, ariaLabel: "From, seconds" });
  const to = make("input", { type: "number", min: 0, step: "any", value: Math.min(file.duration, 10).toFixed(2), ariaLabel: "To, seconds" });
  const links = ["mp4", "h4mk"].map((kind) => make("a", { textContent: `.${kind}`, download: "" }));
  const update = () => { for (const link of links) link.href = `api/files/${path(file.name)}/range${link.textContent}?from=${from.value}&to=${to.value}`; };
  from.oninput = to.oninput = update;
  update();
  const mark = (input, text) => make("button", { textContent: text, onclick: () => { input.value = video.currentTime.toFixed(2); update(); } });
  return make("section", {}, make("h2", { textContent: "Download and cut" }),
    make("p", {}, make("a", { href: `files/${path(file.name)}.h4mk`, download: "", textContent: `The file, ${size(file.size)}` })),
    make("p", { className: "cut" }, mark(from, "From here"), from, mark(to, "To here"), to, "as ", links[0], links[1]));
};

const keys = (video) => (event) => {
  if (event.target.closest?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    " ": () => (video.paused ? video.play() : video.pause()), k: () => (video.paused ? video.play() : video.pause()),
    ArrowLeft: () => { video.currentTime -= 5; }, ArrowRight: () => { video.currentTime += 5; }, j: () => { video.currentTime -= 10; }, l: () => { video.currentTime += 10; },
    m: () => { video.muted = !video.muted; }, f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()), Escape: () => { location.hash = ""; },
  };
  if (event.target.closest?.("button, a, summary") && event.key === " ") return;
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
};
let onKey;

const showFile = async (name) => {
  const file = await get(`api/files/${path(name)}`);
  const video = make("video", { controls: true, playsInline: true, preload: "auto", tabIndex: 0 });
  if (!file.live) video.poster = `api/files/${path(name)}/poster.jpg`;
  const message = make("p", { className: "bad", role: "alert" });
  document.title = file.title || name;
  const grid = file.tracks.find((t) => t.kind === "video" && t.blocks) || file.tracks.find((t) => t.blocks);
  const points = grid ? (await get(`api/files/${path(name)}/tracks/${grid.track}/seekpoints`)).seek_points : [];
  const audio = file.tracks.filter((t) => t.kind === "audio" && !file.not_streamed.some((r) => r.track === t.track));
  const choose = make("select", { ariaLabel: "Sound", hidden: audio.length < 2, onchange: () => player.chooseAudio(Number(choose.value)) },
    ...audio.map((t) => make("option", { value: t.track, textContent: t.name || t.tags?.language || `Sound ${t.track}` })));
  const chapters = file.chapters.map((c) => make("li", {}, make("button", { onclick: () => { video.currentTime = c.start; } },
    make("time", { textContent: clock(c.start) }), ` ${c.title}`)));
  main.replaceChildren(make("article", {},
    make("h1", {}, file.title || name, " ", file.live ? make("span", { className: "live", textContent: "live" }) : null),
    make("p", { className: "soft", textContent: [clock(file.duration), size(file.size), file.encrypted ? "encrypted" : "", file.closed ? "" : "without an end"].filter(Boolean).join(" · ") }),
    make("div", { className: "stage" }, video), message, points.length && file.duration ? timeline(file, points, video) : null, choose,
    make("div", { className: "columns" },
      chapters.length ? make("section", {}, make("h2", { textContent: "Chapters" }), make("ol", { className: "chapters" }, ...chapters)) : null,
      make("section", { className: "wide" }, make("h2", { textContent: "Tracks" }), make("div", { className: "scroll" }, make("table", {}, make("thead", {}, make("tr", {},
        ...["#", "kind", "codec", "name", "", "rate", "blocks", ""].map((t) => make("th", { textContent: t })))), make("tbody", {}, ...file.tracks.map((t) => trackRow(t, file)))))),
      integrity(file), cut(file, video))));
  onKey = keys(video);
  document.addEventListener("keydown", onKey);
  player = new Player(video, `dash/${path(name)}/manifest.mpd`, `hls/${path(name)}/master.m3u8`, (error) => { message.textContent = error.message; });
  await player.start().catch((error) => { message.textContent = error.message; });
};

const show = async () => {
  player?.stop();
  player = undefined;
  if (onKey) document.removeEventListener("keydown", onKey);
  try {
    const name = location.hash.slice(1).split("/").map(decodeURIComponent).join("/");
    filter.hidden = Boolean(name);
    await (name ? showFile(name) : showFolder());
  } catch (error) {
    main.replaceChildren(make("p", { className: "bad", role: "alert", textContent: error.message }));
  }
};
filter.addEventListener("input", show);
addEventListener("hashchange", show);
show();
