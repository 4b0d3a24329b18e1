import type { Command } from '#common/cli/args'
import { bytes, rate } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, plainStyle, type Style } from '#common/cli/style'
import { EXIT_SOFTWARE } from '#common/cli/sysexits'
import { jsonText, type Print } from '#common/cli/text'
import { aeadEngine } from '#common/engines/aead'
import { blake3Engine } from '#common/engines/blake3'
import type { Rejected } from '#common/engines/engine'
import { fileReader, fileSink, type Sink } from '#common/evidence/file-edge'
import { type Judgement, judgeBundle } from '#common/evidence/verify'
import { isFault } from '#common/process/fault'
import { fromHex } from '#common/stream/bytes'
import { CliError, errorLine } from '../cli/fail.ts'
import { beforeInterrupt } from '../cli/interrupt.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { fileExit } from './file-exits.ts'
import { readKeyFile } from './key-file.ts'
import {
  checkLine,
  conclusionLine,
  type Obstacle,
  obstacleDocument,
  statementText,
  verdictDocument,
} from './verify-report.ts'

/** Verifies an evidence bundle with nothing but its bytes: no service, no network, no account. */
export const command = {
  name: 'verify',
  about: 'checks an evidence bundle offline, one line a check',
  positionals: [{ name: 'BUNDLE', about: 'the bundle, session-<id>.lucid.tar', required: true }],
  flags: {
    trust: { type: 'string', value: 'HEX', about: 'the public key of the ledger you trust (bun run trust prints it)' },
    decrypt: {
      type: 'string',
      value: 'OUT',
      about: 'write the recording to this new file, when all holds; needs a bundle with keys',
    },
    'owner-key': {
      type: 'string',
      value: 'FILE',
      about: "file with the owner's X25519 secret key in hex: opens the chunks by keys.sealed.json",
    },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  examples: [
    'bun run verify session-....lucid.tar --trust 3b6a...',
    'bun run verify session-....lucid.tar --decrypt recording.mp4',
  ],
  exits: {
    0: 'proven and complete: all holds, and the anchor is sealed by the trusted ledger key',
    1: 'something was altered, dropped, swapped, duplicated or forged; the lines name it',
    2: 'intact, but not anchored or self-asserted (no --trust given)',
    3: 'proven, but not complete: the recording states gaps or no end, or only a part of it is disclosed',
    66: 'could not be checked: no such file, not a file, not readable; or --decrypt of a bundle without keys',
    70: 'could not be checked: a fault of this program',
    73: 'the file of --decrypt exists already or cannot be made; the verdict is printed',
    74: 'reading failed, or writing the file of --decrypt did; in the second case the verdict is printed',
  },
} as const satisfies Command

const warnSlow = (rejected: readonly Rejected[], err: Print): void => {
  for (const { name, reason } of rejected)
    err(`warning: the ${name} engine is not used (${reason}); this will be slower\n`)
}

const trustKey = (trust: string | undefined): string | undefined => {
  if (trust !== undefined && !/^[0-9a-f]{64}$/.test(trust))
    throw new CliError('--trust takes the ledger key as 64 characters of lower-case hex (bun run trust prints it)', {
      exitCode: EXIT_USAGE,
    })
  return trust
}

/** Nothing is drawn before this many milliseconds: most verifications are over by then. */
const QUIET_MS = 2000

const meter = (err: Print, now: () => number) => {
  const style = detectStyle(process.stderr, process.env)
  const bar = progress(err, style)
  const due = throttle(200, now)
  const start = now()
  return {
    onProgress: (done: number, total: number) => {
      const ms = now() - start
      if (style.live && ms > QUIET_MS && due()) bar.show(`chunks ${bytes(done)} of ${bytes(total)}, ${rate(done, ms)}`)
    },
    done: () => bar.done(),
  }
}

/** Whatever keeps us from a verdict, and is not about a file, is a fault of ours. */
const exitOf = (error: unknown): number =>
  error instanceof CliError ? error.exitCode : (fileExit(error) ?? EXIT_SOFTWARE)

const obstacle = (error: unknown): Obstacle => ({
  code: isFault(error) ? error.code : 'unexpected',
  detail: errorLine(error),
})

/** The sink of `--decrypt`; one that cannot be opened says so at once and leaves the verdict as it is. */
const openSink = async (
  path: string | undefined,
  err: Print,
): Promise<{ readonly sink?: Sink; readonly undone?: unknown }> => {
  if (path === undefined) return {}
  try {
    return { sink: await fileSink(path) }
  } catch (undone) {
    err('verify: the recording will not be written, the bundle is checked all the same\n')
    return { undone }
  }
}

type Output = { readonly terminal: Terminal; readonly style: Style; readonly json: boolean }

/** Judges the bundle, each line printed as it is known unless it is for the document. Throws what reading throws. */
const judge = async (
  path: string,
  {
    trust,
    decrypt,
    ownerKey,
  }: {
    readonly trust: string | undefined
    readonly decrypt: string | undefined
    readonly ownerKey: Uint8Array | undefined
  },
  { terminal, style, json }: Output,
): Promise<Judgement> => {
  const [aead, blake3] = await Promise.all([aeadEngine(), blake3Engine()])
  warnSlow([...aead.rejected, ...blake3.rejected], terminal.err)
  const reader = await fileReader(path)
  const bar = meter(terminal.err, () => performance.now())
  const { sink, undone } = await openSink(decrypt, terminal.err)
  const forget = beforeInterrupt(async () => sink?.abort())
  try {
    const work = {
      reader,
      aead,
      onProgress: bar.onProgress,
      ...(trust === undefined ? {} : { trust }),
      ...(ownerKey === undefined ? {} : { ownerKey }),
      ...(sink === undefined ? {} : { decryptTo: sink }),
    }
    const judgement = await judgeBundle(work, (check) => {
      if (check.check === 'anchor') bar.done()
      if (!json) terminal.out(checkLine(check, style))
    })
    return undone === undefined ? judgement : { ...judgement, undone }
  } finally {
    forget()
    bar.done()
    await reader.close()
  }
}

/** Prints what the checks come to; answers the exit code. What was wrong weighs more than what could not be written. */
const conclude = (path: string, judgement: Judgement, { terminal, style, json }: Output): number => {
  const { verdict, checks, statement, undone } = judgement
  const exit = undone === undefined || verdict === 1 ? verdict : exitOf(undone)
  const error = undone === undefined ? null : obstacle(undone)
  if (error !== null) terminal.err(`verify: ${error.detail}\n`)
  if (json) {
    terminal.out(jsonText(verdictDocument(path, judgement, { exit, error })))
    return exit
  }
  if (statement !== undefined) terminal.out(statementText(statement, verdict))
  terminal.out(conclusionLine(verdict, checks, style))
  return exit
}

await runCommand(
  import.meta.main,
  command,
  async ({ flags, positionals: [path = ''], terminal }) => {
    const trust = trustKey(flags.trust)
    const style = flags.json ? plainStyle : detectStyle(process.stdout, process.env)
    const output = { terminal, style, json: flags.json }
    const ownerKey = flags['owner-key'] === undefined ? undefined : fromHex(await readKeyFile(flags['owner-key']), 32)
    return conclude(path, await judge(path, { trust, decrypt: flags.decrypt, ownerKey }, output), output)
  },
  {
    exitOf,
    failureDocument: ({ message, exitCode, error, positionals: [path = null] }) =>
      obstacleDocument(path, exitCode, {
        code: exitCode === EXIT_USAGE ? 'usage' : obstacle(error).code,
        detail: message,
      }),
  },
)
