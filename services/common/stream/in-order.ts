/** Runs `work` over the items with at most `limit` in flight and gives the results in the order of the items. */
export async function* inOrder<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = []
  let next = 0
  const launch = () => {
    const item = items[next]
    if (item === undefined) return
    next += 1
    const started = work(item)
    // Seen when its turn comes; until then a rejection must not count as unhandled.
    started.catch(() => undefined)
    running.push(started)
  }
  try {
    while (running.length < limit && next < items.length) launch()
    for (let first = running.shift(); first !== undefined; first = running.shift()) {
      const result = await first
      launch()
      yield result
    }
  } finally {
    await Promise.allSettled(running)
  }
}
