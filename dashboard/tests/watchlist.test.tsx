import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LONGEST_SYMBOL } from "../src/config";
import { Add } from "../src/ui/add";

const OPTION = "AAPL261218C00250000";
const LONG = "A".repeat(500);

afterEach(cleanup);

describe("the field that adds symbols", () => {
  let added: string[] = [];

  function typed(text: string): HTMLInputElement {
    added = [];
    render(<Add onAdd={(each) => added.push(each)} />);
    const field = screen.getByRole<HTMLInputElement>("textbox");
    fireEvent.change(field, { target: { value: text } });
    fireEvent.submit(field);
    return field;
  }

  it("takes what is typed and is empty", () => {
    expect(typed(`tsla, ${OPTION}`).value).toBe("");
    expect(added).toEqual([`tsla, ${OPTION}`]);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("keeps what is too long for a symbol, and says so until it is mended", () => {
    const field = typed(`tsla ${LONG}`);
    expect(field.value).toBe(LONG);
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole("alert").textContent).toContain(`more than ${LONGEST_SYMBOL} characters`);
    fireEvent.change(field, { target: { value: "A" } });
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not keep blanks", () => expect(typed("   ").value).toBe(""));
});

describe("the watchlist in this browser", () => {
  beforeEach(() => {
    localStorage.clear();
    vi.resetModules();
  });

  it("loads without what is too long for a symbol, and never takes it in", async () => {
    const longest = "A".repeat(LONGEST_SYMBOL);
    localStorage.setItem("tapecast.symbols", JSON.stringify([LONG, OPTION, longest, `${longest}A`]));
    localStorage.setItem("tapecast.selected", JSON.stringify(LONG));
    const { selected, watch, watchlist } = await import("../src/choices");
    expect(watchlist.get()).toEqual([OPTION, longest]);
    expect(selected.get()).toBe("");
    expect(watch(`${LONG} spy`)).toBe("SPY");
    expect(watch(LONG)).toBeUndefined();
    expect(JSON.parse(localStorage.getItem("tapecast.symbols") ?? "")).toEqual([OPTION, longest, "SPY"]);
  });
});
