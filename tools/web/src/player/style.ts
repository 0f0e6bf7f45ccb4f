// SPDX-License-Identifier: MIT
export const STYLE = `
:host { display: inline-block; position: relative; background: #000; color: #fff; font: 14px system-ui, sans-serif; overflow: hidden; line-height: 1.2 }
:host([hidden]) { display: none }
video { display: block; width: 100%; height: 100% }
.bar { position: absolute; inset: auto 0 0 0; display: flex; flex-wrap: wrap; align-items: center; gap: 1px; padding: 24px 8px 6px; background: linear-gradient(transparent, #000c); transition: opacity .2s }
:host(:not(:hover):not(:focus-within)) .bar.quiet { opacity: 0 }
button, select { background: none; color: inherit; border: 0; border-radius: 4px; font: inherit; height: 32px; min-width: 30px; padding: 0 4px; cursor: pointer }
svg { width: 20px; height: 20px; fill: currentColor; vertical-align: middle }
select { max-width: 76px; background: #0006 }
option { color: #000 }
button:hover, select:hover { background: #fff3 }
button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px solid #6cf }
.time { padding: 0 6px; font-variant-numeric: tabular-nums }
.space { flex: 1 }
.seek { position: relative; flex: 0 0 100%; height: 16px }
.seek input { position: absolute; inset: 0; width: 100%; margin: 0; accent-color: #e33; cursor: pointer }
.mark { position: absolute; top: 3px; width: 2px; height: 10px; background: #fff; pointer-events: none }
.volume { width: 48px; accent-color: #fff }
.message { position: absolute; inset: 0; display: flex; align-items: center; justify-content: center; padding: 24px; text-align: center; background: #000b; white-space: pre-wrap; overflow-wrap: anywhere }
.lock { cursor: default }
.lock.bad { color: #f66 }
.lock.good { color: #6e6 }
[hidden] { display: none !important }
`;
