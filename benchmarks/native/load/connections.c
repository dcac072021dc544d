/* Thousands of SSE clients on one epoll: connect, ask, read the head, then hand the body to sse.c. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define CHUNK (256 * 1024)
#define HEAD_MAX 8192

struct client *clients;
int connected, refused, lost;
uint64_t all_bytes;

static char **paths;
static int path_count, epoll_fd, connecting, in_flight_max;
static struct sockaddr_in address;

void connections_init(int in_flight) {
  in_flight_max = in_flight;
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  epoll_fd = epoll_create1(0);
  clients = calloc((size_t)client_count, sizeof *clients);
  if (!clients || !path_count) fail("no paths or no memory");
}

void read_paths(const char *name) {
  FILE *file = fopen(name, "r");
  if (!file) fail(name);
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, file) > 0) {
    line[strcspn(line, "\r\n")] = 0;
    if (!*line) continue;
    paths = realloc(paths, (size_t)(path_count + 1) * sizeof *paths);
    paths[path_count++] = strdup(line);
  }
  free(line);
  fclose(file);
}

void drop(struct client *c) {
  if (c->state == CLOSED) return;
  struct linger hard = {1, 0}; /* no TIME_WAIT: ten thousand of them would use up the ports */
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(c->fd);
  if (c->state == BODY) connected--;
  else connecting--;
  free(c->carry);
  c->carry = NULL;
  c->carry_len = c->carry_cap = 0;
  c->chunk_state = 0;
  c->chunk_left = 0;
  c->named = false;
  c->state = CLOSED;
  c->fd = -1;
}

static void dial(int index) {
  struct client *c = &clients[index];
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) fail("socket (limit of open files?)");
  c->first_us = 0;
  c->state = CONNECTING;
  connecting++;
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)index};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(int index) {
  struct client *c = &clients[index];
  char *request;
  int len = asprintf(&request,
      "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n%s%s\r\n",
      paths[index % path_count], header, *header ? "\r\n" : "");
  if (send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len) {
    refused++;
    drop(c);
  } else {
    c->state = HEAD;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
  }
  free(request);
}

static void on_head(struct client *c, const char *data, size_t len, int64_t now) {
  keep(c, data, len);
  char *end = memmem(c->carry, c->carry_len, "\r\n\r\n", 4);
  if (!end) {
    if (c->carry_len > HEAD_MAX) fail("no end of headers");
    return;
  }
  *end = 0;
  if (atoi(c->carry + 9) != 200) {
    refused++;
    drop(c);
    return;
  }
  c->chunked = strcasestr(c->carry, "transfer-encoding: chunked") != NULL;
  connecting--;
  c->state = BODY;
  connected++;
  /* The body's first bytes came with the head: they are given on, and the carry is for lines from now on. */
  char *head = c->carry;
  size_t rest = c->carry_len - (size_t)(end + 4 - head);
  c->carry = NULL;
  c->carry_len = c->carry_cap = 0;
  if (c->chunked) on_chunked(c, end + 4, rest, now);
  else on_body(c, end + 4, rest, now);
  free(head);
}

static void on_connected(int index, uint32_t events) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(clients[index].fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    refused++;
    drop(&clients[index]);
  } else if (events & EPOLLOUT) {
    ask(index);
  }
}

static void on_readable(struct client *c) {
  static char buffer[CHUNK];
  ssize_t got = recv(c->fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    lost++;
    drop(c);
    return;
  }
  int64_t now = now_us();
  all_bytes += (uint64_t)got;
  if (c->state == HEAD) on_head(c, buffer, (size_t)got, now);
  else if (c->chunked) on_chunked(c, buffer, (size_t)got, now);
  else on_body(c, buffer, (size_t)got, now);
}

static void turn(int timeout_ms) {
  static struct epoll_event events[512];
  int count = epoll_wait(epoll_fd, events, 512, timeout_ms);
  for (int i = 0; i < count; i++) {
    int index = (int)events[i].data.u32;
    if (clients[index].state == CLOSED) continue;
    if (clients[index].state == CONNECTING) on_connected(index, events[i].events);
    else on_readable(&clients[index]);
  }
}

void run_until(int64_t until_us) {
  for (int64_t left; (left = until_us - now_us()) > 0;) turn(left > 20000 ? 20 : (int)(left / 1000) + 1);
}

/* Open all, with at most `in_flight_max` without an answer; those who were refused or cut count as settled. */
void open_all(bool until_first_tick) {
  int64_t deadline = now_us() + (int64_t)(patience_s * 1e6);
  int gone_before = refused + lost;
  first_count = 0;
  for (int opened = 0; now_us() < deadline;) {
    while (opened < client_count && connecting < in_flight_max) dial(opened++);
    turn(opened < client_count ? 1 : 10);
    int settled = (until_first_tick ? first_count : connected) + refused + lost - gone_before;
    if (opened == client_count && settled >= client_count) return;
  }
}

void set_reading(int index, bool reading) {
  struct client *c = &clients[index];
  if (c->state != BODY) return;
  struct epoll_event event = {.events = reading ? EPOLLIN : 0, .data.u32 = (uint32_t)index};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
  if (!reading) return;
  ioctl(c->fd, FIONREAD, &c->unread);
  c->server_queue = server_queue(c->fd);
  c->at_resume = c->body;
  c->resumed = true;
}
