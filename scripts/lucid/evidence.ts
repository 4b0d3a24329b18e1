import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytes } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { EXIT_CANNOT_CREATE, EXIT_IO } from '#common/cli/sysexits'
import { jsonText, type Print } from '#common/cli/text'
import { bundleName } from '#common/evidence/bundle'
import { fileSink } from '#common/evidence/file-edge'
import { GRANT_MAX_MS, grantMessage, type OwnerGrant } from '#common/evidence/owner-grant'
import { errorMessage } from '#common/process/error'
import { entryFile } from '../cli/entry.ts'
import { CliError } from '../cli/fail.ts'
import { beforeInterrupt } from '../cli/interrupt.ts'
import { progress, throttle } from '../cli/progress.ts'
import { type Account, openAccount } from './account.ts'
import { readAnswer } from './answer.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag, keyFlags } from './flags.ts'
import { idArgument, noSession, requireId } from './sessions.ts'
import { openSigner, type Signer } from './signer.ts'

/** Writes an answer to a file: under another name first, so that the name always holds a whole bundle. */
const saveBundle = async (
  reply: Response,
  file: string,
  { mode, err }: { readonly mode: number; readonly err: Print },
): Promise<number> => {
  if (!reply.ok || reply.body === null) await readAnswer(reply)
  const size = Number(reply.headers.get('content-length') ?? Number.NaN)
  const screen = progress(err, detectStyle(process.stderr, process.env))
  const due = throttle(2_000, () => performance.now())
  due()
  const sink = await fileSink(file, { mode }).catch((cause: unknown) => {
    throw new CliError(errorMessage(cause), { exitCode: EXIT_CANNOT_CREATE, cause })
  })
  const forget = beforeInterrupt(sink.abort)
  let done = 0
  try {
    for await (const piece of reply.body ?? []) {
      await sink.write(piece)
      done += piece.length
      const shown = `exporting  ${bytes(done)}${Number.isNaN(size) ? '' : ` of ${bytes(size)}`}`
      if (due()) screen.show(shown, shown)
    }
    if (!Number.isNaN(size) && done !== size)
      throw new CliError('the export broke off: nothing of it is left; try again', { exitCode: EXIT_IO })
    await sink.commit()
    return done
  } catch (error) {
    await sink.abort()
    throw error
  } finally {
    screen.done()
    forget()
  }
}

const askBundle = ({ base, fetch }: Account, id: string, body?: object): Promise<Response> => {
  const path = `/api/v1/sessions/${id}/bundle`
  return fetch(
    `${base(path)}${path}`,
    body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  )
}

/** The owner's leave to hand out the session key, for half the time that one may last: two clocks may differ. */
const signGrant = async (id: string, { sign }: Signer): Promise<OwnerGrant> => {
  const expires = Date.now() + GRANT_MAX_MS / 2
  return { expires, signature: (await sign(grantMessage(id, expires))).slice(2) }
}

const exportBundle = entry(
  {
    name: 'lucid session export',
    about: 'writes the evidence bundle of a session, which anybody can verify offline',
    positionals: [idArgument],
    flags: {
      out: { type: 'string', value: 'FILE', about: 'where to write it (default session-<id>.lucid.tar)' },
      'with-keys': { type: 'boolean', about: 'add the session key, released with your key: who has it can read' },
      ...keyFlags,
      ...jsonFlag,
    },
    exits: { ...noSession, 73: 'the file exists already or cannot be made', 74: 'it broke off' },
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const id = requireId(given)
    const account = await openAccount(flags)
    const file = flags.out ?? bundleName(id)
    const body = flags['with-keys'] ? { grant: await signGrant(id, openSigner(flags, err)) } : undefined
    const size = await saveBundle(await askBundle(account, id, body), file, { mode: body ? 0o600 : 0o644, err })
    out(flags.json ? jsonText({ file, bytes: size }) : `${file}  ${bytes(size)}\n`)
    err(`check it with: bun run verify ${file} --trust HEX, the key that the operator of the ledger told you\n`)
    return 0
  },
)

const verify = entry(
  {
    name: 'lucid session verify',
    about: 'exports a session and verifies it; what comes after -- goes to bun run verify',
    positionals: [idArgument, { name: 'FLAGS', about: 'of bun run verify, as -- --trust HEX', rest: true }],
    flags: asFlag,
    exits: { ...noSession, 2: 'intact, but not proven', 3: 'proven, with gaps' },
  },
  async ({ flags, positionals: [given, ...words], terminal: { err } }) => {
    const id = requireId(given)
    const folder = await mkdtemp(join(tmpdir(), 'lucid-verify-'))
    const forget = beforeInterrupt(() => rm(folder, { recursive: true, force: true }))
    try {
      const file = join(folder, bundleName(id))
      await saveBundle(await askBundle(await openAccount(flags), id), file, { mode: 0o600, err })
      return await Bun.spawn([process.execPath, entryFile('verify'), file, ...words], {
        stdio: ['inherit', 'inherit', 'inherit'],
      }).exited
    } finally {
      await rm(folder, { recursive: true, force: true })
      forget()
    }
  },
)

export const evidenceCommands = [exportBundle, verify]
