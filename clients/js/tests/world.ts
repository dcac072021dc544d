// Locks and channels of one origin, for the tests of tabs that share a stream.

import type { Channel, Message, Platform } from "../src/shared/channel.js";

interface Held {
  owner: object;
  steal: () => void;
}

interface Waiting {
  owner: object;
  grant: () => void;
}

type Callback = (lock: unknown) => unknown;

export class World {
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #channels = new Map<Channel, { name: string; owner: object }>();
  readonly #frozen = new Map<object, (() => void)[]>();
  messages = 0;
  /** As in a sandboxed frame. */
  isLocked = false;

  /** What one tab sees. */
  platform(): Platform {
    const owner = {};
    const request = (name: string, ...rest: [LockOptions | Callback, Callback?]) => {
      const [options, callback] =
        typeof rest[0] === "function" ? [{}, rest[0]] : [rest[0], rest[1] as Callback];
      return this.#request(owner, name, options, callback);
    };
    const platform: Platform = {
      locks: { request } as unknown as Platform["locks"],
      channel: (name) => this.#channel(owner, name),
      later: (act) => () => void Promise.resolve().then(act),
    };
    this.#owners.set(platform, owner);
    return platform;
  }

  /** The tab is gone without a word. */
  kill(platform: Platform): void {
    const owner = this.#ownerOf(platform);
    for (const [channel, { owner: of }] of this.#channels) if (of === owner) this.#channels.delete(channel);
    for (const [name, queue] of this.#waiting)
      this.#waiting.set(
        name,
        queue.filter((each) => each.owner !== owner),
      );
    for (const [name, held] of this.#held) if (held.owner === owner) this.#release(name, held);
  }

  /** The tab hears nothing more until it is thawed. */
  freeze(platform: Platform): void {
    this.#frozen.set(this.#ownerOf(platform), []);
  }

  thaw(platform: Platform): void {
    const owner = this.#ownerOf(platform);
    const missed = this.#frozen.get(owner) ?? [];
    this.#frozen.delete(owner);
    for (const act of missed) act();
  }

  get locksHeld(): number {
    return this.#held.size;
  }

  readonly #owners = new Map<Platform, object>();

  #ownerOf(platform: Platform): object {
    const owner = this.#owners.get(platform);
    if (!owner) throw new Error("a platform of another world");
    return owner;
  }

  /** In a turn of its own, unless the tab is frozen. */
  #deliver(owner: object, act: () => void): void {
    void Promise.resolve().then(() => {
      const missed = this.#frozen.get(owner);
      if (missed) missed.push(act);
      else act();
    });
  }

  #request(owner: object, name: string, options: LockOptions, callback: Callback): Promise<unknown> {
    if (this.isLocked) return Promise.reject(new DOMException("no locks here", "SecurityError"));
    return new Promise((resolve, reject) => {
      const grant = () => {
        const fail = () => this.#deliver(owner, () => reject(new DOMException("stolen", "AbortError")));
        const held: Held = { owner, steal: fail };
        this.#held.set(name, held);
        this.#deliver(owner, () => {
          Promise.resolve(callback({ name })).then((value) => {
            this.#release(name, held);
            resolve(value);
          }, reject);
        });
      };
      const current = this.#held.get(name);
      if (options.steal) {
        current?.steal();
        grant();
        return;
      }
      if (!current) return grant();
      const waiting: Waiting = { owner, grant };
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), waiting]);
      options.signal?.addEventListener("abort", () => {
        const queue = this.#waiting.get(name) ?? [];
        if (!queue.includes(waiting)) return;
        this.#waiting.set(
          name,
          queue.filter((each) => each !== waiting),
        );
        reject(new DOMException("aborted", "AbortError"));
      });
    });
  }

  #release(name: string, held: Held): void {
    if (this.#held.get(name) !== held) return;
    this.#held.delete(name);
    const [next, ...rest] = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, rest);
    next?.grant();
  }

  #channel(owner: object, name: string): Channel {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message: Message) => {
        this.messages += 1;
        for (const [other, { name: at, owner: of }] of this.#channels) {
          if (other === channel || at !== name) continue;
          const data = structuredClone(message);
          this.#deliver(of, () => this.#channels.has(other) && other.onmessage?.({ data }));
        }
      },
      close: () => this.#channels.delete(channel),
    };
    this.#channels.set(channel, { name, owner });
    return channel;
  }
}
