import type { Command } from '#common/cli/args'
import { bytes, rate } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, paint, plainStyle, type Style } from '#common/cli/style'
import { aeadEngine } from '#common/engines/aead'
import { blake3Engine } from '#common/engines/blake3'
import type { Rejected } from '#common/engines/engine'
import { type Check, concludeChecks, type Verdict } from '#common/evidence/check'
import { fileReader, fileSink } from '#common/evidence/file-edge'
import { verifyBundle } from '#common/evidence/verify'
import { CliError } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand } from '../cli/run-command.ts'

/** Verifies an evidence bundle with nothing but its bytes: no service, no network, no account. */
export const command = {
  name: 'verify',
  about: 'checks an evidence bundle offline, one line a check',
  positionals: [{ name: 'BUNDLE', about: 'the bundle, session-<id>.lucid.tar', required: true }],
  flags: {
    trust: {
      type: 'string',
      value: 'HEX',
      about: 'the public key of the ledger you trust (bun run trust prints it)',
    },
    decrypt: {
      type: 'string',
      value: 'OUT',
      about: 'write the recording to this new file, when all holds; needs a bundle with keys',
    },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  examples: [
    'bun run verify session-....lucid.tar --trust 3b6a...',
    'bun run verify session-....lucid.tar --decrypt recording.mp4',
  ],
  exits: {
    0: 'all holds, and the anchor is sealed by the trusted ledger key',
    1: 'something is wrong; the lines name it',
    2: 'intact, but not anchored or self-asserted (no --trust given)',
  },
} as const satisfies Command

const MARKS = { ok: ['ok', 'green'], warn: ['warn', 'yellow'], bad: ['FAIL', 'red'] } as const

/** One check as a line: mark, check, detail. */
export const checkLine = ({ check, ok, detail }: Check, style: Style): string => {
  const [mark, colour] = MARKS[ok === true ? 'ok' : ok === 'warn' ? 'warn' : 'bad']
  return `${paint(style, colour, mark.padEnd(4))} ${check.padEnd(9)} ${detail}\n`
}

const CONCLUSIONS: Readonly<Record<Verdict, string>> = {
  0: 'verified: all of it holds',
  1: 'NOT verified: something is wrong, see above',
  2: 'intact, but not proven to be on the chain, see above',
}

/** The last line of a verification. */
export const conclusionLine = (verdict: Verdict, style: Style): string =>
  `${paint(style, verdict === 0 ? 'green' : verdict === 1 ? 'red' : 'yellow', CONCLUSIONS[verdict])}\n`

const warnSlow = (rejected: readonly Rejected[], err: (text: string) => void): void => {
  for (const { name, reason } of rejected)
    err(`warning: the ${name} engine is not used (${reason}); this will be slower\n`)
}

const trustKey = (trust: string | undefined): string | undefined => {
  if (trust !== undefined && !/^[0-9a-f]{64}$/.test(trust))
    throw new CliError(
      '--trust takes the ledger key as 64 characters of lower-case hex (bun run trust prints it)',
      { exitCode: EXIT_USAGE },
    )
  return trust
}

/** Nothing is drawn before this many milliseconds: most verifications are over by then. */
const QUIET_MS = 2000

const meter = (err: (text: string) => void, now: () => number) => {
  const style = detectStyle(process.stderr, process.env)
  const bar = progress(err, style)
  const due = throttle(200, now)
  const start = now()
  return {
    onProgress: (done: number, total: number) => {
      const ms = now() - start
      if (style.live && ms > QUIET_MS && due())
        bar.show(`chunks ${bytes(done)} of ${bytes(total)}, ${rate(done, ms)}`)
    },
    done: () => bar.done(),
  }
}

await runCommand(import.meta.main, command, async ({ flags, positionals: [path = ''], terminal }) => {
  const trust = trustKey(flags.trust)
  const style = flags.json ? plainStyle : detectStyle(process.stdout, process.env)
  const [aead, blake3] = await Promise.all([aeadEngine(), blake3Engine()])
  warnSlow([...aead.rejected, ...blake3.rejected], terminal.err)
  const reader = await fileReader(path)
  const bar = meter(terminal.err, Date.now)
  const checks: Check[] = []
  try {
    const work = {
      reader,
      aead,
      onProgress: bar.onProgress,
      ...(trust === undefined ? {} : { trust }),
      ...(flags.decrypt === undefined ? {} : { decryptTo: await fileSink(flags.decrypt) }),
    }
    for await (const check of verifyBundle(work)) {
      checks.push(check)
      if (check.check === 'anchor') bar.done()
      if (!flags.json) terminal.out(checkLine(check, style))
    }
  } finally {
    bar.done()
    await reader.close()
  }
  const verdict = concludeChecks(checks)
  if (flags.json)
    terminal.out(`${JSON.stringify({ bundle: path, verdict, verified: verdict === 0, checks }, null, 2)}\n`)
  else terminal.out(conclusionLine(verdict, style))
  return verdict
})
