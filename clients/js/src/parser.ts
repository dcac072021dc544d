// Server-Sent Events from text that comes in pieces of any size (WHATWG HTML, section 9.2.6).
// `id` is left out: this server's streams need none.

export interface ParserSink {
  event(name: string, data: string): void;
  /** The server said after how many milliseconds to come back. */
  retry(ms: number): void;
}

const LINE_END = /\r\n|\n|\r/g;

export class SseParser {
  // The line that has no end yet.
  #rest = "";
  #name = "";
  #data: string[] = [];
  #isFirst = true;

  constructor(private readonly sink: ParserSink) {}

  /** Take the next piece of the body, decoded. */
  feed(piece: string): void {
    if (this.#isFirst && piece) {
      this.#isFirst = false;
      if (piece.startsWith("\uFEFF")) piece = piece.slice(1);
    }
    const text = this.#rest + piece;
    let start = 0;
    LINE_END.lastIndex = 0;
    for (let end = LINE_END.exec(text); end; end = LINE_END.exec(text)) {
      // A CR at the very end may be half of a CRLF: it waits for what follows.
      if (end[0] === "\r" && end.index === text.length - 1) break;
      this.#line(text.slice(start, end.index));
      start = LINE_END.lastIndex;
    }
    this.#rest = text.slice(start);
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.sink.retry(Number(value));
  }

  #dispatch(): void {
    const name = this.#name || "message";
    const data = this.#data;
    this.#name = "";
    this.#data = [];
    if (data.length) this.sink.event(name, data.join("\n"));
  }
}
