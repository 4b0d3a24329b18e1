import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { limiter } from '#common/stream/limiter'
import { ATTEMPTS, judge, type Outcome, type Subject } from './attempts.ts'
import { disassemble } from './bundle-parts.ts'
import { verifyPeople } from './people-chapter.ts'
import type { Tamper } from './tamper.ts'
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
  tells: Teller,
  {
    stop,
    bundle,
    people,
    trust,
    original,
  }: {
    readonly stop: () => Promise<void>
    readonly bundle: string
    /** Of the session that people recorded. */
    readonly people: string
    readonly trust: string
    readonly original: string
  },
): Promise<readonly Outcome[]> => {
  const { head, say, folder, signal } = tells
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
      expected: 'exit 0: proven and complete',
      seen: `exit ${exit}: ${exit === 0 ? 'proven and complete' : 'something is wrong'}`,
      ok: exit === 0,
    },
    {
      tried: 'decrypted and compared with the recording',
      expected: 'the same bytes',
      seen: same ? 'the same bytes' : 'other bytes',
      ok: same,
    },
    await verifyPeople(tells, { bundle: people, trust }),
  ]
}

/** Forges copies of the bundle in every way we know; each must be caught. */
export const tamperChapter = async (
  { head, say, folder, signal }: Teller,
  {
    exported,
    trust,
    ledgerKey,
  }: {
    readonly exported: Readonly<Record<Extract<Subject, string>, string>>
    readonly trust: string
    readonly ledgerKey: Uint8Array
  },
): Promise<readonly Outcome[]> => {
  head('tamper')
  const parts = disassemble(new Uint8Array(await readFile(exported.anchored)))
  const forge = async (subject: Tamper['apply'], n: number): Promise<string> => {
    const file = join(folder, `forged-${n}.lucid.tar`)
    await writeFile(file, subject(parts, ledgerKey))
    return file
  }
  const slot = limiter(AT_ONCE)
  return Promise.all(
    ATTEMPTS.map((attempt, n) =>
      slot(async () => {
        signal.throwIfAborted()
        const { subject } = attempt
        const file = typeof subject === 'string' ? exported[subject] : await forge(subject, n)
        const outcome = judge(
          attempt,
          await runVerifier({ bundle: file, trust: attempt.trust ? trust : undefined, signal }),
        )
        if (typeof subject !== 'string') await rm(file)
        say(`${outcome.ok ? 'caught ' : 'MISSED '} ${outcome.tried}: ${outcome.seen}`)
        return outcome
      }),
    ),
  )
}
