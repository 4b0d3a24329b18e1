/** Runs `work` on every item, at most `width` at once; the first failure is thrown and nothing new is begun. */
export const inParallel = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = [...items]
  let failed = false
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !failed; item = queue.shift())
      await work(item).catch((error: unknown) => {
        failed = true
        throw error
      })
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, worker))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
