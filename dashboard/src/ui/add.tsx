import { useEffect, useId, useRef, useState } from "react";
import { tooLongIn } from "../choices";
import { LONGEST_SYMBOL } from "../config";

/** The field that adds symbols. What is too long for one stays in it, with a word. */
export function Add({ onAdd }: { onAdd(text: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [isRefused, setRefused] = useState(false);
  const why = useId();
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
      if (event.key !== "/" || isTyping) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
  return (
    <form
      className="add"
      onSubmit={(event) => {
        event.preventDefault();
        const tooLong = tooLongIn(text);
        onAdd(text);
        setText(tooLong.join(" "));
        setRefused(tooLong.length > 0);
      }}
    >
      <input
        ref={input}
        value={text}
        onChange={(event) => {
          // Blanks alone would stay: the button is off for them, and with it Enter.
          setText(event.target.value.trimStart());
          setRefused(false);
        }}
        aria-invalid={isRefused}
        aria-describedby={isRefused ? why : undefined}
        aria-label="Add symbols, for example TSLA or BTC/USD"
        aria-keyshortcuts="/"
        placeholder="Add symbols: TSLA, SOL/USD"
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        enterKeyHint="done"
      />
      <button type="submit" disabled={!text.trim()}>
        Add
      </button>
      {isRefused && (
        <p id={why} role="alert">
          Too long: no symbol has more than {LONGEST_SYMBOL} characters.
        </p>
      )}
    </form>
  );
}
