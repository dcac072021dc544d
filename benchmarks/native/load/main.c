/* The load: thousands of SSE clients in one thread, which count ticks and how old each was when it came.
 *
 * Written in C so that it is not what limits: the rows "load generator" of the table show where it would be.
 * Each phase is told as one JSON line on standard output (connected, begin, end), then the result as the last.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "load.h"

#define SETTLE_S 3             /* after a stall: time to drain, and to become fresh */

int client_count = 100, port;
const char *header = "";
double patience_s = 30;
bool raw;

static double warm_s = 1, measure_s = 3, grace_s = 0.5, stall_s;
static int stall_count, in_flight = 400;
static bool is_storm;

static void say(const char *phase) {
  printf("{\"phase\":\"%s\",\"connected\":%d,\"refused\":%d}\n", phase, connected, refused);
  fflush(stdout);
}

static int64_t in_s(double seconds) { return now_us() + (int64_t)(seconds * 1e6); }

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Reconnect storm: all are cut, all come back; how long until each has its first tick? */
static void storm(void) {
  run_until(in_s(warm_s));
  say("storm");
  double cpu = cpu_of_all();
  for (int i = 0; i < client_count; i++) drop(&clients[i]);
  int64_t began = now_us();
  open_all(true);
  int64_t *times = calloc((size_t)client_count, sizeof *times);
  int count = 0;
  for (int i = 0; i < client_count; i++)
    if (clients[i].first_us) times[count++] = clients[i].first_us - began;
  qsort(times, (size_t)count, sizeof *times, by_size);
  printf("{\"back\":%d,\"clients\":%d,\"p50_s\":%.3f,\"p99_s\":%.3f,\"all_s\":%.3f,\"server_cpu_s\":%.3f}\n",
         count, client_count, count ? (double)times[count / 2] / 1e6 : -1,
         count ? (double)times[(int)(count * 0.99)] / 1e6 : -1, count ? (double)times[count - 1] / 1e6 : -1,
         cpu_of_all() - cpu);
}

static void print_stalled(void) {
  printf(",\"stalled\":[");
  for (int i = 0; i < stall_count; i++) {
    struct client *c = &clients[i];
    printf("%s{\"open\":%s,\"unread\":%d,\"server_queue\":%ld,\"stale_bytes\":%llu,\"stale_events\":%llu,"
           "\"oldest_s\":%.3f,\"drained\":%s,\"drained_age_s\":%.3f}", i ? "," : "", c->state == BODY ? "true" : "false",
           c->unread, c->server_queue, (unsigned long long)c->stale_bytes, (unsigned long long)c->stale_events,
           (double)c->oldest_us / 1e6, c->drained ? "true" : "false", (double)c->drained_age_us / 1e6);
  }
  printf("]");
}

static void set_stalled(bool stalled) {
  for (int i = 0; i < stall_count; i++) {
    clients[i].stalled = true;
    set_reading(i, !stalled);
  }
}

static void measure(void) {
  run_until(in_s(warm_s));
  set_stalled(true);
  double cpu = cpu_of_all(), own = own_cpu(), seconds = stall_s > 0 ? stall_s : measure_s;
  uint64_t bytes = all_bytes;
  begin_us = now_us();
  end_us = begin_us + (int64_t)(seconds * 1e6);
  say("begin");
  run_until(end_us);
  double spent = (double)(now_us() - begin_us) / 1e6;
  cpu = cpu_of_all() - cpu;
  own = own_cpu() - own;
  bytes = all_bytes - bytes;
  say("end");
  set_stalled(false);
  run_until(in_s(stall_count ? SETTLE_S : grace_s));
  printf("{\"clients\":%d,\"connected\":%d,\"refused\":%d,\"lost\":%d,\"seconds\":%.4f,\"events\":%llu,"
         "\"bytes\":%llu,\"server_cpu_s\":%.3f,\"load_cpu_s\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
         "\"max_ms\":%.3f,\"client_mean\":%.2f",
         client_count, connected, refused, lost, seconds, (unsigned long long)ticks, (unsigned long long)bytes,
         cpu / spent * seconds, own / spent * seconds, percentile_ms(0.5), percentile_ms(0.99),
         (double)oldest_us / 1e3, (double)ticks / (double)(client_count - stall_count));
  if (stall_count) print_stalled();
  printf("}\n");
}

static void read_options(int argc, char **argv) {
  static const struct option options[] = {
      {"port", 1, 0, 'p'}, {"clients", 1, 0, 'c'}, {"paths", 1, 0, 'f'}, {"header", 1, 0, 'H'},
      {"warm", 1, 0, 'w'}, {"measure", 1, 0, 'm'}, {"grace", 1, 0, 'g'}, {"pids", 1, 0, 'P'},
      {"storm", 1, 0, 's'}, {"stall-clients", 1, 0, 'S'}, {"stall", 1, 0, 'T'}, {"in-flight", 1, 0, 'i'},
      {"raw", 1, 0, 'x'}, {"patience", 1, 0, 'W'}, {0}};
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'c': client_count = atoi(optarg); break;
      case 'f': read_paths(optarg); break;
      case 'H': header = optarg; break;
      case 'w': warm_s = atof(optarg); break;
      case 'm': measure_s = atof(optarg); break;
      case 'g': grace_s = atof(optarg); break;
      case 'P': read_pids(optarg); break;
      case 's': is_storm = atoi(optarg); break;
      case 'S': stall_count = atoi(optarg); break;
      case 'T': stall_s = atof(optarg); break;
      case 'i': in_flight = atoi(optarg); break;
      case 'x': raw = atoi(optarg); break;
      case 'W': patience_s = atof(optarg); break;
      default: exit(2);
    }
  if (!port || client_count < 1 || stall_count >= client_count) fail("--port, and more clients than stall");
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  read_options(argc, argv);
  raise_open_files();
  connections_init(in_flight);
  open_all(false);
  say("connected");
  if (is_storm) storm();
  else measure();
  return 0;
}
