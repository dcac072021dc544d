/* How old ticks were when they came: a histogram, linear below SUB microseconds, then SUB steps to each doubling. */
#include "load.h"

#define SUB 128                /* ages are exact to a hundredth */
#define BUCKETS (40 * SUB)

uint64_t ticks;
int64_t oldest_us;
static uint64_t histogram[BUCKETS];

static int bucket_of(int64_t us) {
  if (us < SUB) return us < 0 ? 0 : (int)us;
  int shift = 63 - __builtin_clzll((uint64_t)us) - 7;
  int bucket = (shift + 1) * SUB + (int)(us >> shift) - SUB;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double ms_of(int bucket) {
  if (bucket < SUB) return bucket / 1e3;
  int shift = bucket / SUB - 1;
  return (double)(((int64_t)(bucket % SUB) + SUB) << shift) / 1e3;
}

void add_age(int64_t us) {
  ticks++;
  histogram[bucket_of(us)]++;
  if (us > oldest_us) oldest_us = us;
}

double percentile_ms(double share) {
  uint64_t want = (uint64_t)(share * (double)ticks), seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += histogram[i]) > want) return ms_of(i);
  return (double)oldest_us / 1e3;
}
