/* From body bytes to ticks: chunks, lines, and in each tick the time at which it was made.
 *
 * A tick is a `data:` line that begins with {"symbol" in an event without a name. States and heartbeats are
 * events with names, and are not counted.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define FRESH_US 1000000       /* what a reader takes for current again */
#define IN_FLIGHT (64 * 1024)  /* what a server may hold for it; after that, ages count */

int64_t begin_us = INT64_MAX, end_us = INT64_MAX;
int first_count;

/* Unix microseconds. The field is last in a tick, so it is looked for at the end first. */
static int64_t stamped(const char *line, size_t len) {
  static const char field[] = "\"ts_recv\":";
  const char *at = len < 40 ? NULL : line + len - 1 - 16 - 10;
  if (!at || memcmp(at, field, 10)) at = memmem(line, len, field, 10);
  if (!at) return 0;
  int64_t value = 0;
  for (at += 10; at < line + len && *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
  return value;
}

static void after_stall(struct client *c, int64_t age, uint64_t position) {
  if (!c->drained && position - c->at_resume >= (uint64_t)c->unread + IN_FLIGHT) {
    c->drained = true;
    c->drained_age_us = age;
  }
  if (c->fresh || (c->fresh = age < FRESH_US)) return;
  c->stale_events++;
  c->stale_bytes = position - c->at_resume;
  if (age > c->oldest_us) c->oldest_us = age;
}

static void on_tick(struct client *c, int64_t made, int64_t now, uint64_t position) {
  if (!c->first_us) {
    c->first_us = now;
    first_count++;
  }
  if (c->stalled) {
    if (c->resumed) after_stall(c, now - made, position);
  } else if (made >= begin_us && made < end_us) {
    c->events++;
    add_age(now - made);
  }
}

static void on_line(struct client *c, const char *line, size_t len, int64_t now, uint64_t position) {
  if (len && line[len - 1] == '\r') len--;
  if (!len) {
    c->named = false;
    return;
  }
  if (len > 6 && !memcmp(line, "event:", 6)) c->named = true;
  if (c->named || len < 20 || memcmp(line, "data:", 5)) return;
  const char *body = line[5] == ' ' ? line + 6 : line + 5;
  if (memcmp(body, "{\"symbol\"", 9)) return;
  on_tick(c, stamped(body, len - (size_t)(body - line)), now, position);
}

void keep(struct client *c, const char *data, size_t len) {
  if (c->carry_len + len > c->carry_cap) {
    c->carry_cap = (c->carry_len + len) * 2;
    if (!(c->carry = realloc(c->carry, c->carry_cap))) fail("memory");
  }
  memcpy(c->carry + c->carry_len, data, len);
  c->carry_len += len;
}

void on_body(struct client *c, const char *data, size_t len, int64_t now) {
  c->body += len;
  if (raw) return;
  const char *end = data + len, *newline;
  while (data < end && (newline = memchr(data, '\n', (size_t)(end - data)))) {
    uint64_t position = c->body - (uint64_t)(end - newline - 1);
    if (c->carry_len) {
      keep(c, data, (size_t)(newline - data));
      on_line(c, c->carry, c->carry_len, now, position);
      c->carry_len = 0;
    } else {
      on_line(c, data, (size_t)(newline - data), now, position);
    }
    data = newline + 1;
  }
  if (data < end) keep(c, data, (size_t)(end - data));
}

static int hex(char ch) {
  if (ch >= '0' && ch <= '9') return ch - '0';
  ch |= 32;
  return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* Sizes are taken out, so that a line may go over the end of a chunk. */
void on_chunked(struct client *c, const char *data, size_t len, int64_t now) {
  const char *end = data + len;
  while (data < end) {
    if (c->chunk_state == 1) {
      size_t here = (size_t)(end - data), part = here < c->chunk_left ? here : (size_t)c->chunk_left;
      on_body(c, data, part, now);
      data += part;
      if (!(c->chunk_left -= part)) c->chunk_state = 2;
    } else if (c->chunk_state == 2) {
      if (*data++ == '\n') c->chunk_state = 0;
    } else {
      char ch = *data++;
      int digit = hex(ch);
      if (digit >= 0) c->chunk_left = c->chunk_left * 16 + (uint64_t)digit;
      if (ch == '\n') c->chunk_state = c->chunk_left ? 1 : 2;
    }
  }
}
