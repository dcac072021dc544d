/* The load generator's parts, one thread, one table of clients. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state { CLOSED, CONNECTING, HEAD, BODY };

struct client {
  int fd;
  enum state state;
  bool chunked, named, stalled, resumed, fresh, drained;
  int chunk_state;             /* 0 size line, 1 bytes, 2 the line end after them */
  uint64_t chunk_left;
  char *carry;                 /* the begin of a line whose end has not come */
  size_t carry_len, carry_cap;
  uint64_t events, body;       /* ticks in the window; all bytes of the body */
  int64_t first_us;            /* when its first tick came */
  /* After a stall: what came before the first event that is fresh again. */
  uint64_t at_resume, stale_bytes, stale_events;
  int64_t oldest_us, drained_age_us;
  int unread;                  /* in its own kernel buffer, when it began to read again */
  long server_queue;           /* in the server's send queue then */
};

/* What was asked for: main.c. */
extern int client_count, port;
extern const char *header;
extern double patience_s;
extern bool raw;

/* The clients: connections.c. */
extern struct client *clients;
extern int connected, refused, lost;
extern uint64_t all_bytes;

void connections_init(int in_flight);
void read_paths(const char *name);
void open_all(bool until_first_tick);
void run_until(int64_t until_us);
void drop(struct client *c);
void set_reading(int index, bool reading);

/* What they got: sse.c. Ticks made in [begin_us, end_us) count, whenever they come. */
extern int64_t begin_us, end_us;
extern int first_count;

void on_body(struct client *c, const char *data, size_t len, int64_t now);
void on_chunked(struct client *c, const char *data, size_t len, int64_t now);
void keep(struct client *c, const char *data, size_t len);

/* Ages: ages.c. */
extern uint64_t ticks;
extern int64_t oldest_us;

void add_age(int64_t us);
double percentile_ms(double share);

/* What the system knows: system.c. */
int64_t now_us(void);
void fail(const char *what);
void raise_open_files(void);
void read_pids(char *text);
double cpu_of_all(void);
double own_cpu(void);
long server_queue(int fd);

#endif
