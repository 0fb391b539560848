// Sends one file in pieces to the API of uploads: progress, pause, retry when the line breaks, going on after a reload.
// Without it the form sends the file whole.
(() => {
  "use strict";
  const WAITS = [1000, 2000, 5000, 10000, 15000];
  const HASHED = 64 * 2 ** 20;
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";

  class Refused extends Error {
    constructor(status, problem, headers) {
      super((problem && problem.detail) || String(status));
      this.status = status;
      this.headers = headers;
    }
  }

  async function ask(url, method, body, headers = {}, signal = undefined) {
    const json = body !== undefined && !(body instanceof Blob);
    const answer = await fetch(url, {
      method, signal, credentials: "same-origin",
      headers: { "X-CSRFToken": csrf(), Accept: "application/json", ...(json ? { "Content-Type": "application/json" } : {}), ...headers },
      body: json ? JSON.stringify(body) : body,
    });
    const text = await answer.text();
    let data = null;
    try { data = text ? JSON.parse(text) : null; } catch { data = null; }
    if (!answer.ok) throw new Refused(answer.status, data, answer.headers);
    return data;
  }

  async function digest(file) {
    if (file.size > HASHED || !crypto.subtle) return "";
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  class Zone {
    constructor(root) {
      this.root = root;
      this.form = root.closest("form");
      this.api = root.dataset.api;
      this.chunk = Number(root.dataset.chunk);
      this.input = root.querySelector("input[type=file]");
      this.bar = root.querySelector("progress");
      this.file = this.upload = this.abort = null;
      this.paused = false;
      this.part("pause").addEventListener("click", () => this.pause());
      this.part("resume").addEventListener("click", () => this.send());
      this.part("cancel").addEventListener("click", () => this.cancel());
      this.input.addEventListener("change", () => this.input.files[0] && this.take(this.input.files[0]));
      for (const name of ["dragenter", "dragover"]) root.addEventListener(name, (event) => { event.preventDefault(); root.classList.add("is-over"); });
      for (const name of ["dragleave", "drop"]) root.addEventListener(name, () => root.classList.remove("is-over"));
      root.addEventListener("drop", (event) => {
        event.preventDefault();
        if (event.dataTransfer.files[0] && !this.file) this.take(event.dataTransfer.files[0]);
      });
      for (const row of root.querySelectorAll("[data-upload-unfinished]")) {
        row.querySelector("[data-upload-drop]").addEventListener("click", async () => {
          await ask(`${this.api}/${row.dataset.uploadUnfinished}`, "DELETE").catch(() => null);
          row.remove();
        });
      }
    }

    part(name) { return this.root.querySelector(`[data-upload-${name}]`); }

    say(error) {
      this.part("error").textContent = error || "";
      this.part("error").hidden = !error;
    }

    show(words) {
      const percent = this.upload ? Math.floor((100 * this.upload.offset) / this.upload.size) : 0;
      this.bar.value = percent;
      this.part("words").textContent = words || `${percent} %`;
      this.part("pause").hidden = this.paused;
      this.part("resume").hidden = !this.paused;
    }

    async take(file) {
      this.say("");
      if (file.size > Number(this.root.dataset.limit)) return this.say(this.root.dataset.wordLarge);
      this.file = file;
      this.part("ask").hidden = true;
      this.part("way").hidden = false;
      this.part("name").textContent = file.name;
      this.show(this.root.dataset.wordChecking);
      try {
        this.upload = await this.known(file) || await ask(this.api, "POST", { purpose: this.root.dataset.purpose, name: file.name, size: file.size, sha256: await digest(file) });
      } catch (error) {
        return this.giveUp(error);
      }
      return this.send();
    }

    // The same name and size, begun before: its checksum tells at the end whether it is the same file.
    async known(file) {
      for (const row of this.root.querySelectorAll("[data-upload-unfinished]")) {
        if (row.dataset.name !== file.name || Number(row.dataset.size) !== file.size) continue;
        const found = await ask(`${this.api}/${row.dataset.uploadUnfinished}`, "GET").catch(() => null);
        row.remove();
        if (!found || found.state !== "receiving") continue;
        if (!found.sha256 || found.sha256 === await digest(file)) return found;
      }
      return null;
    }

    async send() {
      this.paused = false;
      this.say("");
      let failures = 0;
      while (this.upload && !this.paused && this.upload.offset < this.upload.size) {
        const { offset } = this.upload;
        this.show();
        this.abort = new AbortController();
        try {
          const data = this.file.slice(offset, offset + this.chunk);
          const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) };
          this.upload = await ask(`${this.api}/${this.upload.id}`, "PATCH", data, headers, this.abort.signal);
          failures = 0;
          this.say("");
        } catch (error) {
          if (this.paused || !this.upload) return;
          const stands = error instanceof Refused && error.status === 409 && error.headers.get("Upload-Offset");
          if (stands) { this.upload.offset = Number(stands); continue; }
          if (error instanceof Refused && error.status < 500 && error.status !== 429) { this.giveUp(error); return; }
          this.say(this.root.dataset.wordLost);
          await new Promise((resolve) => { setTimeout(resolve, WAITS[Math.min(failures, WAITS.length - 1)]); });
          failures += 1;
        }
      }
      if (this.upload && !this.paused) await this.finish();
    }

    async finish() {
      this.show(this.root.dataset.wordChecking);
      try {
        this.upload = await ask(`${this.api}/${this.upload.id}/finish`, "POST");
      } catch (error) {
        this.giveUp(error);
        return;
      }
      this.show(this.root.dataset.wordDone);
      this.root.querySelector("input[name=upload]").value = this.upload.id;
      this.input.disabled = true;
      for (const name of ["pause", "resume", "cancel"]) this.part(name).hidden = true;
      this.form.requestSubmit();
    }

    pause() {
      this.paused = true;
      if (this.abort) this.abort.abort();
      this.show(this.root.dataset.wordPaused);
    }

    async cancel() {
      const { upload } = this;
      this.paused = true;
      if (this.abort) this.abort.abort();
      this.reset();
      if (upload) await ask(`${this.api}/${upload.id}`, "DELETE").catch(() => null);
    }

    giveUp(error) {
      this.reset();
      this.say(error.message);
    }

    reset() {
      this.file = this.upload = null;
      this.input.value = "";
      this.part("ask").hidden = false;
      this.part("way").hidden = true;
    }
  }

  for (const root of document.querySelectorAll("[data-upload]")) new Zone(root);
})();
