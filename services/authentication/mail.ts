import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'

/** One message in plain text. */
export type Mail = { readonly to: string; readonly subject: string; readonly text: string }
/** Hands a message over; resolves when somebody else answers for it. */
export type Mailer = (mail: Mail) => Promise<void>

/** A spooled message is removed after this time: what stands in it has long expired. */
const SPOOL_MS = 24 * 3600_000
const PATIENCE_MS = 15_000
const FROM = { name: 'Lucid' }
/** Nothing in a message may name a file or an address to read. */
const closed = { disableFileAccess: true, disableUrlAccess: true } as const

/** Writes each message as one .eml file that only this user can read; whoever runs the appliance takes it from there. */
export const spoolMailer = ({
  folder,
  from,
  now,
  newId,
}: {
  readonly folder: string
  readonly from: string
  readonly now: () => number
  readonly newId: () => string
}): Mailer => {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows', ...closed })
  const removeOld = async () => {
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      if ((await stat(path)).mtimeMs < now() - SPOOL_MS) await rm(path, { force: true })
    }
  }
  return async (mail) => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    await removeOld()
    const { message } = await composer.sendMail({ ...mail, from: { ...FROM, address: from }, date: new Date(now()) })
    const path = join(folder, `${now()}-${newId()}`)
    await writeFile(`${path}.part`, message as Buffer, { mode: 0o600, flag: 'wx', flush: true }) // with `buffer` it is one
    await rename(`${path}.part`, `${path}.eml`)
  }
}

const isLoopback = (host: string) => ['localhost', '127.0.0.1', '[::1]'].includes(host)

/** Sends over SMTP, as smtps://USER:PASSWORD@HOST or smtp://HOST; without TLS to this machine only. */
export const smtpMailer = ({ url, from }: { readonly url: string; readonly from: string }): Mailer => {
  const transport = createTransport({
    url,
    requireTLS: !isLoopback(new URL(url).hostname),
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    ...closed,
  })
  return async (mail) => {
    await transport.sendMail({ ...mail, from: { ...FROM, address: from } })
  }
}
