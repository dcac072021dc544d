import { useId, useState } from "react";
import { ticketIn } from "../choices";
import { BASE } from "../config";

/** Asks for a ticket. It is kept for this tab, and never stands in the page's address. */
export function TicketForm({ given, onGive }: { given: string; onGive(ticket: string): void }) {
  const id = useId();
  const [text, setText] = useState("");
  return (
    <form
      className="ticket"
      onSubmit={(event) => {
        event.preventDefault();
        const found = ticketIn(text);
        if (found) onGive(found);
        setText("");
      }}
    >
      <label htmlFor={id}>Ticket</label>
      <input
        id={id}
        type="password"
        value={text}
        autoComplete="off"
        spellCheck={false}
        placeholder="paste it here"
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit">Use</button>
      {given && (
        <button type="button" onClick={() => onGive("")}>
          Forget
        </button>
      )}
      <p>
        Whoever has the server's token makes one with{" "}
        <code>curl -X POST -H 'Authorization: Bearer TOKEN' {BASE}/tickets</code>. It is kept in this tab
        only.
      </p>
    </form>
  );
}
