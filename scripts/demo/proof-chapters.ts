import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { limiter } from '#common/stream/limiter'
import { ATTEMPTS, type Attempt, judge, type Outcome } from './attempts.ts'
import { disassemble } from './bundle-parts.ts'
import type { Teller } from './teller.ts'
import { runVerifier } from './verifier.ts'

/** Verifications at once: one for each core of a small machine. */
const AT_ONCE = 2

const sameFile = async (a: string, b: string): Promise<boolean> => {
  const digest = async (path: string) => {
    const hash = new Bun.CryptoHasher('sha256')
    for await (const piece of Bun.file(path).stream()) hash.update(piece)
    return hash.digest('hex')
  }
  return (await digest(a)) === (await digest(b))
}

/** Verifies and decrypts the genuine bundle; the platform has been stopped. */
export const verifyChapter = async (
  { head, say, folder, signal }: Teller,
  {
    stop,
    bundle,
    trust,
    original,
  }: {
    readonly stop: () => Promise<void>
    readonly bundle: string
    readonly trust: string
    readonly original: string
  },
): Promise<readonly Outcome[]> => {
  head('verify')
  await stop()
  say('the platform is stopped')
  const decrypted = join(folder, 'decrypted.bin')
  const { exit, checks } = await runVerifier({ bundle, trust, decrypt: decrypted, signal })
  for (const { check, ok: holds, detail } of checks)
    say(`${holds === true ? 'ok  ' : 'NO  '} ${check.padEnd(10)} ${detail}`)
  const same = (await Bun.file(decrypted).exists()) && (await sameFile(original, decrypted))
  say(
    `${same ? 'ok  ' : 'NO  '} decrypted  ${same ? 'every byte is as it was recorded' : 'differs from what was recorded'}`,
  )
  return [
    {
      tried: 'the genuine bundle',
      expected: 'exit 0: all of it holds',
      seen: `exit ${exit}: ${exit === 0 ? 'all of it holds' : 'something is wrong'}`,
      ok: exit === 0,
    },
    {
      tried: 'decrypted and compared with the recording',
      expected: 'the same bytes',
      seen: same ? 'the same bytes' : 'other bytes',
      ok: same,
    },
  ]
}

/** Forges copies of the bundle in every way we know; each must be caught. */
export const tamperChapter = async (
  { head, say, folder, signal }: Teller,
  { bundle, pending, trust }: { readonly bundle: string; readonly pending: string; readonly trust: string },
): Promise<readonly Outcome[]> => {
  head('tamper')
  const parts = disassemble(new Uint8Array(await readFile(bundle)))
  const forge = async ({ subject }: Attempt, n: number): Promise<string> => {
    if (subject === 'anchored') return bundle
    if (subject === 'pending') return pending
    const file = join(folder, `forged-${n}.lucid.tar`)
    await writeFile(file, subject(parts))
    return file
  }
  const slot = limiter(AT_ONCE)
  return Promise.all(
    ATTEMPTS.map((attempt, n) =>
      slot(async () => {
        signal.throwIfAborted()
        const file = await forge(attempt, n)
        const outcome = judge(
          attempt,
          await runVerifier({ bundle: file, trust: attempt.trust ? trust : undefined, signal }),
        )
        if (file !== bundle && file !== pending) await rm(file)
        say(`${outcome.ok ? 'caught ' : 'MISSED '} ${outcome.tried}: ${outcome.seen}`)
        return outcome
      }),
    ),
  )
}
