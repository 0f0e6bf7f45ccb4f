// SPDX-License-Identifier: MIT
export const STYLE = `
:host { display: block; color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; color: light-dark(#1d2330, #e6e9ef); background: light-dark(#f6f7f9, #12151b); padding: 16px; min-height: 200px; box-sizing: border-box }
:host(.over) { outline: 3px dashed #2463d6; outline-offset: -6px }
h1 { font-size: 20px; margin: 0 0 4px; overflow-wrap: anywhere }
h2 { font-size: 15px; margin: 0 0 8px }
.facts { opacity: .75; margin-bottom: 12px }
section { background: light-dark(#fff, #1a1f28); border: 1px solid light-dark(#dfe3ea, #2b3240); border-radius: 8px; padding: 12px 14px; margin-bottom: 12px; overflow-x: auto }
canvas.lanes { display: block; width: 100%; cursor: grab; touch-action: none }
button { font: inherit; color: inherit; background: none; border: 1px solid light-dark(#c3cad6, #3a4356); border-radius: 6px; padding: 2px 10px; cursor: pointer; margin-right: 6px }
button.link { border: 0; padding: 0; text-decoration: underline; text-align: left }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid light-dark(#dfe3ea, #2b3240); vertical-align: top; overflow-wrap: anywhere }
th { opacity: .7; font-weight: 500 }
pre { margin: 0; font: 12px/1.4 ui-monospace, monospace; white-space: pre; max-height: 340px; overflow: auto }
.pictures { display: flex; gap: 6px; overflow-x: auto }
.pictures figure { margin: 0 } .pictures canvas, .frame canvas { display: block; height: 90px; background: #000 } .frame canvas { height: 240px; max-width: 100%; margin-bottom: 8px }
figcaption { font-size: 12px; opacity: .75 }
.bad { color: #d92d20 } .good { color: #2a9d6f }
input[type=file] { display: none }
label.pick { text-decoration: underline; cursor: pointer }
.key::before { content: ''; display: inline-block; width: 10px; height: 10px; margin: 0 4px 0 12px; background: var(--c) }
[hidden] { display: none !important }
`;
