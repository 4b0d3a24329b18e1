import type { Change } from './history.ts'

/** Posts changes as `{ source, checked_at, changes }`. Throws when it is not taken (any status but 2xx) in time. */
export const postChanges = async (
  url: string,
  changes: readonly Change[],
  { checkedAt, timeoutMs = 2000 }: { readonly checkedAt: number; readonly timeoutMs?: number },
): Promise<void> => {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source: 'lucid-health', checked_at: checkedAt, changes }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!reply.ok) throw new Error(`status ${reply.status}`)
}
