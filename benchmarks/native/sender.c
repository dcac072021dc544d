/* The limit: a server that does nothing but send() one frame, made once, to each of its clients in turn.
 *
 * One thread, one write for each client and frame, at an offered rate. With --batch a frame holds several ticks:
 * that is how the load generator's own ceiling is found.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 65536
#define MAX_FRAME (64 * 1024)

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                           "Connection: close\r\n\r\n";
static int clients[MAX_CLIENTS], client_count, listener, epoll_fd, batch = 1;
static double rate = 10;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what) {
  fprintf(stderr, "sender: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
}

static void accept_all(void) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

/* A request has come (a client sends it whole): from now on it only listens. */
static void admit(int fd) {
  char request[8192];
  ssize_t got = recv(fd, request, sizeof request, 0);
  epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  if (got <= 0 || client_count == MAX_CLIENTS || send(fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL) < 0)
    close(fd);
  else
    clients[client_count++] = fd;
}

static void wait_for(int64_t due) {
  struct epoll_event events[256];
  do {
    int64_t left = due - now_us();
    struct timespec limit = {left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
    int count = epoll_pwait2(epoll_fd, events, 256, &limit, NULL);
    for (int i = 0; i < count; i++)
      if (events[i].data.fd == listener) accept_all();
      else admit(events[i].data.fd);
  } while (now_us() < due);
}

static size_t fill(char *frame, int64_t us) {
  size_t size = 0;
  for (int i = 0; i < batch && size < MAX_FRAME - 512; i++)
    size += (size_t)sprintf(frame + size,
        "data: {\"symbol\":\"S00\",\"price\":187.42,\"size\":100.0,\"timestamp\":\"2026-01-02T15:04:05.123456Z\","
        "\"bid\":187.41,\"ask\":187.43,\"feed\":\"iex\",\"epoch\":%lld,\"seq\":%lld,\"ts_recv\":%lld}\n\n",
        (long long)us, (long long)us, (long long)us);
  return size;
}

static void broadcast(const char *frame, size_t size) {
  for (int i = 0; i < client_count; i++) {
    if (send(clients[i], frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN) continue;
    close(clients[i]);
    clients[i--] = clients[--client_count];
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"rate", 1, 0, 'r'}, {"batch", 1, 0, 'b'}, {0}};
  static char frame[MAX_FRAME];
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (option) {
      case 'r': rate = atof(optarg); break;
      case 'b': batch = atoi(optarg); break;
      default: exit(2);
    }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll_fd = epoll_create1(0);
  open_listener();
  int64_t began = now_us();
  /* Each frame carries the time at which it was due: to fall behind shows as age. */
  for (int64_t turn = 0;; turn++) {
    int64_t due = began + (int64_t)((double)turn * 1e6 * batch / rate);
    wait_for(due);
    broadcast(frame, fill(frame, due));
  }
}
