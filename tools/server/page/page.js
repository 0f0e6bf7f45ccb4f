// SPDX-License-Identifier: MIT
"use strict";
const show = async () => {
  const { files } = await (await fetch("api/files")).json();
  const list = document.createElement("ul");
  for (const file of files) {
    const link = document.createElement("a");
    link.textContent = file.name;
    link.href = file.hls.slice(1);
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  document.getElementById("page").replaceChildren(list);
};
show();
