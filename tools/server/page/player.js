// SPDX-License-Identifier: MIT
// Plays the CMAF segments of a file through Media Source Extensions. What there is, it reads from the
// manifest: a list of segments with exact times for each track.
"use strict";

const AHEAD = 20; // seconds that are loaded before they are shown
const BEHIND = 30; // seconds that are kept

class Manifest {
  static async load(url) {
    const response = await fetch(url, { cache: "no-cache" });
    if (!response.ok) throw new Error((await response.json()).error);
    return new Manifest(new DOMParser().parseFromString(await response.text(), "text/xml"), new URL(url, document.baseURI));
  }
  constructor(xml, url) {
    this.live = xml.documentElement.getAttribute("type") === "dynamic";
    const base = new URL(xml.querySelector("Period > BaseURL").textContent, url);
    this.tracks = [...xml.querySelectorAll("AdaptationSet")].flatMap((set) =>
      [...set.querySelectorAll("Representation")].map((representation) => Manifest.track(set, representation, base)));
  }
  static track(set, representation, base) {
    const template = representation.querySelector("SegmentTemplate");
    const track = {
      id: Number(representation.id.slice(1)), kind: set.getAttribute("contentType"), language: set.getAttribute("lang") || "",
      label: set.querySelector("Label")?.textContent || "", segments: [],
    };
    if (!template) return { ...track, url: new URL(representation.querySelector("BaseURL").textContent, base).href };
    track.type = `${set.getAttribute("mimeType")}; codecs="${representation.getAttribute("codecs")}"`;
    track.init = new URL(template.getAttribute("initialization"), base).href;
    const scale = Number(template.getAttribute("timescale"));
    let time = 0;
    for (const s of template.querySelectorAll("S")) {
      if (s.hasAttribute("t")) time = Number(s.getAttribute("t"));
      for (let i = 0; i <= Number(s.getAttribute("r") || 0); ++i, time += Number(s.getAttribute("d")))
        track.segments.push({
          start: time / scale, end: (time + Number(s.getAttribute("d"))) / scale,
          url: new URL(template.getAttribute("media").replace("$Number$", track.segments.length), base).href,
        });
    }
    return track;
  }
}

// One SourceBuffer and what fills it.
class Feed {
  constructor(player, track) {
    this.player = player;
    this.buffer = player.source.addSourceBuffer(track.type);
    this.use(track);
  }
  use(track) {
    this.track = track;
    this.needsInit = true;
  }
  operation(start) {
    return new Promise((resolve, reject) => {
      this.buffer.addEventListener("updateend", resolve, { once: true });
      this.buffer.addEventListener("error", () => reject(new Error("the browser cannot decode this")), { once: true });
      start();
    });
  }
  covers(time) {
    const { buffered } = this.buffer;
    for (let i = 0; i < buffered.length; ++i) if (buffered.start(i) <= time + 0.1 && buffered.end(i) > time + 0.05) return buffered.end(i);
    return undefined;
  }
  // Loads one segment if one is wanted; false if none is.
  async step() {
    const now = this.player.video.currentTime;
    let time = now;
    for (let end; (end = this.covers(time)) !== undefined;) time = end;
    if (time > now + AHEAD) return false;
    const segment = this.track.segments.find((s) => s.end > time + 0.05 && s.end > now);
    if (!segment || segment === this.lastEmpty) return false;
    if (this.needsInit) {
      this.needsInit = false;
      await this.append(this.track.init);
    }
    await this.append(segment.url);
    if (this.covers(Math.max(segment.start, now)) === undefined) this.lastEmpty = segment; // what it promised is not there
    if (now > BEHIND + 10 && this.buffer.buffered.length && this.buffer.buffered.start(0) < now - BEHIND - 10)
      await this.operation(() => this.buffer.remove(0, now - BEHIND));
    return true;
  }
  async append(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error((await response.json()).error);
    const data = await response.arrayBuffer();
    try {
      await this.operation(() => this.buffer.appendBuffer(data));
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await this.operation(() => this.buffer.remove(0, Math.max(1, this.player.video.currentTime - 5)));
      await this.operation(() => this.buffer.appendBuffer(data));
    }
  }
  done() {
    const last = this.track.segments.at(-1);
    return !last || this.covers(last.end - 0.1) !== undefined;
  }
}

class Player {
  constructor(video, url, fallback, onError) {
    Object.assign(this, { video, url, fallback, onError, feeds: [], stopped: false });
  }
  async start() {
    const Source = window.MediaSource || window.ManagedMediaSource;
    this.manifest = await Manifest.load(this.url);
    if (!Source) {
      this.video.src = this.fallback; // a phone that plays HLS by itself
      return;
    }
    const playable = (kind) => this.manifest.tracks.filter((t) => t.kind === kind && Source.isTypeSupported(t.type));
    const chosen = [playable("video")[0], playable("audio")[0]].filter(Boolean);
    if (!chosen.length) throw new Error(`this browser has no decoder for ${this.manifest.tracks.map((t) => t.type).filter(Boolean).join(", ")}`);
    this.source = new Source();
    this.video.disableRemotePlayback = true;
    this.video.src = URL.createObjectURL(this.source);
    await new Promise((resolve) => this.source.addEventListener("sourceopen", resolve, { once: true }));
    this.setDuration();
    this.feeds = chosen.map((track) => new Feed(this, track));
    for (const text of this.manifest.tracks.filter((t) => t.kind === "text")) {
      const element = document.createElement("track");
      Object.assign(element, { kind: "subtitles", src: text.url, srclang: text.language || "und", label: text.label || text.language || "Text" });
      this.video.append(element);
    }
    if (this.manifest.live) this.video.currentTime = Math.max(0, this.end() - 3);
    for (const feed of this.feeds) this.run(feed);
    if (this.manifest.live) this.follow();
  }
  end() {
    return Math.max(...this.manifest.tracks.map((t) => t.segments.at(-1)?.end ?? 0));
  }
  setDuration() {
    this.source.duration = this.end();
  }
  async run(feed) {
    try {
      while (!this.stopped) {
        if (await feed.step()) continue;
        if (!this.manifest.live && this.source.readyState === "open" && this.feeds.every((f) => f.done() && !f.buffer.updating)) this.source.endOfStream();
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    } catch (error) {
      if (!this.stopped) this.onError(error);
    }
  }
  // A growing file: its manifest grows.
  async follow() {
    while (!this.stopped && this.manifest.live) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const next = await Manifest.load(this.url).catch(() => undefined);
      if (!next || this.stopped) continue;
      this.manifest = next;
      for (const feed of this.feeds) feed.track = next.tracks.find((t) => t.id === feed.track.id) || feed.track;
      if (this.feeds.every((f) => !f.buffer.updating) && this.end() > this.source.duration) this.setDuration();
    }
  }
  async chooseAudio(id) {
    const feed = this.feeds.find((f) => f.track.kind === "audio"), track = this.manifest.tracks.find((t) => t.id === id);
    if (!feed || !track || feed.track === track) return;
    while (feed.buffer.updating) await new Promise((resolve) => setTimeout(resolve, 10));
    feed.buffer.changeType?.(track.type);
    feed.use(track);
    feed.lastEmpty = undefined;
    await feed.operation(() => feed.buffer.remove(0, Infinity));
  }
  stop() {
    this.stopped = true;
    this.video.removeAttribute("src");
    this.video.load();
  }
}
