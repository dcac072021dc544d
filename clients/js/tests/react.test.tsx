// @vitest-environment jsdom

import { act, render } from "@testing-library/react";
import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TapecastProvider } from "../src/react/index.js";
import {
  clock,
  frame,
  frames,
  PriceOf,
  Provider,
  pass,
  renders,
  setUp,
  tearDown,
  text,
  transport,
} from "./screens.js";

beforeEach(setUp);
afterEach(tearDown);

describe("usePrice", () => {
  test("shows what the server says, at the next frame", async () => {
    render(<PriceOf symbol="aapl" />, { wrapper: Provider });
    expect(text("aapl")).toBe("none pending");
    await pass();
    expect(transport.last.query).toEqual({ prices: "AAPL" });
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    expect(text("aapl")).toBe("none pending");
    frame();
    expect(text("aapl")).toBe("100 live");
    transport.last.sink.lost();
    frame();
    expect(text("aapl")).toBe("100 stale connection_lost");
  });

  test("renders only who shows what changed, and once a frame", async () => {
    render(
      <>
        <PriceOf symbol="AAPL" />
        <PriceOf symbol="MSFT" />
      </>,
      { wrapper: Provider },
    );
    await pass();
    transport.last.hello();
    transport.last.live("AAPL", 1, 1);
    transport.last.live("MSFT", 1, 1);
    frame();
    const before = { ...renders };
    for (let seq = 2; seq <= 1_000; seq += 1) transport.last.tick("AAPL", seq, seq);
    expect(frames).toHaveLength(1);
    frame();
    expect(renders).toEqual({ AAPL: (before.AAPL ?? 0) + 1, MSFT: before.MSFT });
    expect(text("AAPL")).toBe("1000 live");
  });

  test("asks for what is shown, and no more for what is not", async () => {
    const { rerender } = render(<PriceOf symbol="AAPL" />, { wrapper: Provider });
    await pass();
    transport.last.hello();
    rerender(
      <>
        <PriceOf symbol="AAPL" />
        <PriceOf symbol="MSFT" />
      </>,
    );
    await pass();
    expect(transport.last.query.prices).toBe("AAPL,MSFT");
    transport.last.hello();
    rerender(<PriceOf symbol="MSFT" />);
    await pass();
    expect(transport.last.query.prices).toBe("MSFT");
    expect(transport.streams).toHaveLength(3);
  });

  test("opens one stream in StrictMode and leaves none behind", async () => {
    const { unmount } = render(
      <StrictMode>
        <Provider>
          <PriceOf symbol="AAPL" />
        </Provider>
      </StrictMode>,
    );
    await pass();
    expect(transport.streams).toHaveLength(1);
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    frame();
    expect(text("AAPL")).toBe("100 live");
    unmount();
    await pass();
    expect(transport.running).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

describe("a provider", () => {
  test("that gets another url opens another stream", async () => {
    const { rerender } = render(
      <Provider>
        <PriceOf symbol="AAPL" />
      </Provider>,
    );
    await pass();
    transport.last.hello();
    transport.last.live("AAPL", 100, 1);
    frame();
    rerender(
      <Provider url="http://other">
        <PriceOf symbol="AAPL" />
      </Provider>,
    );
    await pass();
    expect(transport.running.map(({ url }) => url)).toEqual(["http://other/stream?prices=AAPL"]);
    expect(text("AAPL")).toBe("none pending");
  });

  test("keeps its stream when only the ticket function is a new one, and calls the newest", async () => {
    const page = (ticket: string) => (
      <TapecastProvider url="http://test" transport={transport} clock={clock} ticket={() => ticket}>
        <PriceOf symbol="AAPL" />
      </TapecastProvider>
    );
    const { rerender } = render(page("one"));
    await pass();
    expect(transport.last.query.ticket).toBe("one");
    transport.last.hello();
    rerender(page("two"));
    await pass(20_000);
    expect(transport.streams).toHaveLength(1);
    transport.last.bye("ticket_expired");
    transport.last.sink.lost();
    await pass(10);
    expect(transport.last.query.ticket).toBe("two");
  });
});

test("a server renders without opening anything, and the browser takes it over", async () => {
  const page = (
    <Provider>
      <PriceOf symbol="AAPL" />
    </Provider>
  );
  const html = renderToString(page);
  expect(html).toContain("none pending");
  const complaints = vi.spyOn(console, "error");
  const container = document.createElement("div");
  document.body.append(container);
  container.innerHTML = html;
  const root = await act(async () => hydrateRoot(container, page));
  await pass();
  transport.last.hello();
  transport.last.live("AAPL", 100, 1);
  frame();
  expect(container.textContent).toBe("100 live");
  expect(complaints).not.toHaveBeenCalled();
  act(() => root.unmount());
  container.remove();
  complaints.mockRestore();
});
