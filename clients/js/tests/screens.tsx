// Components on a clock, a transport and frames that a test plays.

import { act, cleanup, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { TapecastProvider, usePrice } from "../src/react/index.js";
import { FakeTransport, TestClock } from "./fakes.js";

export let clock: TestClock;
export let transport: FakeTransport;
export let frames: FrameRequestCallback[];
export let renders: Record<string, number>;

/** Before each test. */
export function setUp(): void {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  clock = new TestClock();
  transport = new FakeTransport(clock);
  frames = [];
  renders = {};
  vi.stubGlobal("requestAnimationFrame", (act: FrameRequestCallback) => frames.push(act));
}

/** After each test. */
export function tearDown(): void {
  cleanup();
  vi.unstubAllGlobals();
}

function count(name: string): void {
  renders[name] = (renders[name] ?? 0) + 1;
}

export async function pass(ms = 60): Promise<void> {
  await act(() => clock.pass(ms));
}

/** The browser draws a frame. */
export function frame(): void {
  act(() => {
    for (const draw of frames.splice(0)) draw(0);
  });
}

export function Provider({ children, url = "http://test" }: { children: ReactNode; url?: string }) {
  return (
    <TapecastProvider url={url} transport={transport} clock={clock}>
      {children}
    </TapecastProvider>
  );
}

export function PriceOf({ symbol }: { symbol: string }) {
  count(symbol);
  const { price, state, reason } = usePrice(symbol);
  return <p data-testid={symbol}>{`${price ?? "none"} ${state} ${reason ?? ""}`.trim()}</p>;
}

export const text = (id: string) => screen.getByTestId(id).textContent;
