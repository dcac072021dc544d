// One error class with a stable `code`: the server's own where it gave one, else one of these.

/** Codes that this client gives; every other comes from the server's error JSON. */
export type LocalCode =
  | "unreachable" // no answer at all: no server, no network, or CORS forbids reading it
  | "not_a_stream" // something answered, but no tapecast: the URL is wrong
  | "timeout" // a connection that says nothing: a proxy that holds it, or the browser's six are taken
  | "ticket_failed" // the page's own ticket function threw
  | "bad_event"; // an event whose data is no JSON; it is left out

/** Why there is no stream, or what was wrong with it. */
export class TapecastError extends Error {
  override readonly name = "TapecastError";
  readonly code: LocalCode | (string & {});
  /** The HTTP status, where there was one. */
  readonly status: number | undefined;
  /** Time alone will not mend it: it is tried again all the same, once a minute. */
  readonly lasting: boolean;
  /** The server asked to stay away for so long. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: LocalCode | (string & {}),
    message: string,
    more: {
      status?: number | undefined;
      lasting?: boolean;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, more);
    this.code = code;
    this.status = more.status;
    this.lasting = more.lasting ?? false;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** What a response that is no stream says. Reads the error JSON where there is one. */
export async function refusalOf(response: Response): Promise<TapecastError> {
  const { status } = response;
  const said = await response
    .json()
    .then((body) => body?.error)
    .catch(() => undefined);
  const after = Number(response.headers.get("retry-after"));
  // 408 and 429 are the two of the 4xx that time mends.
  const lasting = status < 500 && status !== 408 && status !== 429;
  const more = { status, lasting, retryAfterMs: after > 0 ? 1000 * after : undefined };
  if (typeof said?.code === "string") return new TapecastError(said.code, said.message ?? said.code, more);
  return new TapecastError(
    lasting ? "not_a_stream" : "unreachable",
    `no tapecast here: HTTP ${status}`,
    more,
  );
}

/** Nobody answered. */
export function unreachable(cause: unknown): TapecastError {
  return new TapecastError("unreachable", "nobody answers", { cause });
}

/** Whether a response is what was asked for. */
export function isStream(response: Response): boolean {
  return response.ok && /^text\/event-stream\b/.test(response.headers.get("content-type") ?? "");
}
