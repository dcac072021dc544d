/* What the system knows: the time, processor time of the server and of ourselves, queues in the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define MAX_PIDS 16

static int pids[MAX_PIDS], pid_count;

int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

void raise_open_files(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void read_pids(char *text) {
  for (char *word = strtok(text, ","); word && pid_count < MAX_PIDS; word = strtok(NULL, ","))
    pids[pid_count++] = atoi(word);
}

static double cpu_of(int pid) {
  char name[64], text[1024];
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  FILE *file = fopen(name, "r");
  if (!file) return 0;
  size_t len = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[len] = 0;
  unsigned long user = 0, system = 0;
  char *at = strrchr(text, ')');
  if (at) sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double cpu_of_all(void) {
  double sum = 0;
  for (int i = 0; i < pid_count; i++) sum += cpu_of(pids[i]);
  return sum;
}

double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* What the kernel still holds for the client of this local port on the server's side. */
long server_queue(int fd) {
  struct sockaddr_in local;
  socklen_t size = sizeof local;
  getsockname(fd, (struct sockaddr *)&local, &size);
  FILE *table = fopen("/proc/net/tcp", "r");
  char line[512];
  long found = 0;
  while (table && fgets(line, sizeof line, table)) {
    unsigned here, there, out;
    if (sscanf(line, " %*d: %*x:%x %*x:%x %*x %x:", &here, &there, &out) == 3 && here == (unsigned)port &&
        there == ntohs(local.sin_port))
      found = (long)out;
  }
  if (table) fclose(table);
  return found;
}
