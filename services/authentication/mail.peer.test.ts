import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultOf } from '#common/testing/faults'
import { freePorts } from '#common/testing/free-ports'
import { smtpMailer } from './mail.ts'

setDefaultTimeout(120_000)

/** A real SMTP server, which puts what it takes into a Maildir. */
const server = Bun.which('aiosmtpd')
if (server === null) console.log('NOT RUN: no aiosmtpd on PATH (Debian: apt-get install python3-aiosmtpd)')

const folder = mkdtempSync(join(tmpdir(), 'lucid-smtp-'))
const running: Bun.Subprocess[] = []
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(running.map((child) => child.exited))
  rmSync(folder, { recursive: true, force: true })
})

const answers = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, host)
    socket.once('data', () => resolve(true)).once('error', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })

const started = async (name: string, host = '127.0.0.1', ...options: readonly string[]) => {
  const [port] = await freePorts(1)
  const maildir = join(folder, name)
  const listen = ['-n', '-l', `${host}:${port}`, '-c', 'aiosmtpd.handlers.Mailbox']
  running.push(Bun.spawn([server ?? '', ...listen, ...options, maildir], { stdio: ['ignore', 'ignore', 'ignore'] }))
  while (!(await answers(host, port ?? 0))) await Bun.sleep(50)
  const received = () =>
    readdirSync(join(maildir, 'new')).map((file) => readFileSync(join(maildir, 'new', file), 'utf8'))
  return { port, received }
}

const mail = { to: 'ops@example.org', subject: 'Sign in', text: 'Open this:\n.\nhttps://lucid.example/#magic=abc\n' }
const from = 'lucid@example.org'

describe.skipIf(server === null)('a real SMTP server', () => {
  test('gets the message, from, to and text as they were', async () => {
    const { port, received } = await started('plain')
    await smtpMailer({ url: `smtp://127.0.0.1:${port}`, from })(mail)
    const [message = ''] = received()
    expect(message).toMatch(/^X-MailFrom: lucid@example\.org$/m)
    expect(message).toMatch(/^X-RcptTo: ops@example\.org$/m)
    expect(message).toMatch(/^Subject: Sign in$/m)
    expect(message).toContain('Open this:\n.\nhttps://lucid.example/#magic=abc')
  })

  test('is given nothing in the clear when it is another machine', async () => {
    const { port, received } = await started('elsewhere', '127.0.0.2')
    // Another name of this machine: what is not called loopback must speak TLS.
    const thrown = await faultOf(() => smtpMailer({ url: `smtp://127.0.0.2:${port}`, from })(mail))
    expect(String(thrown)).toContain('STARTTLS')
    expect(received()).toEqual([])
  })

  test('is given nothing when its certificate is nobody’s', async () => {
    const paths = ['cert.pem', 'key.pem'].map((name) => join(folder, name))
    const [cert = '', key = ''] = paths
    const made = Bun.spawnSync(
      ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'].concat([
        '-keyout',
        key,
        '-out',
        cert,
      ]),
    )
    expect(made.exitCode).toBe(0)
    const { port, received } = await started('tls', '127.0.0.1', '--tlscert', cert, '--tlskey', key)
    const thrown = await faultOf(() => smtpMailer({ url: `smtp://127.0.0.1:${port}`, from })(mail))
    expect(String(thrown)).toContain('self')
    expect(received()).toEqual([])
  })

  test('that is away is an error, not a hang', async () => {
    const [port] = await freePorts(1)
    expect(await faultOf(() => smtpMailer({ url: `smtp://127.0.0.1:${port}`, from })(mail))).toBeInstanceOf(Error)
  })
})
