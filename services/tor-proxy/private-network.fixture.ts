import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A Tor network of our own on loopback: one authority and three relays, real tor all of them. */
export type PrivateNetwork = {
  /** What a client's torrc needs to be part of it. */
  readonly lines: readonly string[]
  readonly stop: () => Promise<void>
}

/** With the authority there are four that relay, which is the least that onions work with. */
const RELAYS = 3

const freePorts = (count: number): readonly number[] => {
  const held = Array.from({ length: count }, () =>
    Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } }),
  )
  const ports = held.map(({ port }) => port)
  for (const one of held) one.stop(true)
  return ports
}

const run = async (argv: readonly string[], stdin = ''): Promise<string> => {
  const child = Bun.spawn([...argv], { env: {}, stdin: Buffer.from(stdin), stdout: 'pipe', stderr: 'pipe' })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${argv[0]} ended with ${code}: ${err}`)
  return out
}

/** Starts it and resolves when its consensus lists every relay. */
export const startPrivateNetwork = async (
  root: string,
  programs: { readonly tor: string; readonly gencert: string },
): Promise<PrivateNetwork> => {
  const [authorityPort = 0, directoryPort = 0, ...relayPorts] = freePorts(2 + RELAYS)
  const authority = join(root, 'authority')
  mkdirSync(join(authority, 'keys'), { recursive: true, mode: 0o700 })
  const empty = join(root, 'empty')
  writeFileSync(empty, '')
  const keys = (name: string) => join(authority, 'keys', name)
  await run(
    [
      ...[programs.gencert, '--create-identity-key', '-m', '12', '-a', `127.0.0.1:${directoryPort}`],
      ...['-i', keys('authority_identity_key'), '-s', keys('authority_signing_key')],
      ...['-c', keys('authority_certificate'), '--passphrase-fd', '0'],
    ],
    'a passphrase of this test\n',
  )
  const identity = /^fingerprint (\S+)/m.exec(readFileSync(keys('authority_certificate'), 'utf8'))?.[1]
  const own = ['-f', empty, '--defaults-torrc', empty]
  const listed = await run([
    ...[programs.tor, ...own, '--DataDirectory', authority, '--ORPort', `127.0.0.1:${authorityPort}`],
    ...['--DirPort', `127.0.0.1:${directoryPort}`, '--Nickname', 'authority', '--Address', '127.0.0.1'],
    ...['--SocksPort', '0', '--AssumeReachable', '1', '--list-fingerprint', '--quiet'],
  ])
  const fingerprint = listed.trim().split('\n').at(-1)?.split(' ').slice(1).join('')
  const lines = [
    'TestingTorNetwork 1',
    'PathsNeededToBuildCircuits 0.25',
    `DirAuthority authority orport=${authorityPort} no-v2 v3ident=${identity} 127.0.0.1:${directoryPort} ${fingerprint}`,
  ]
  const common = (name: string, orPort: number) => [
    ...lines,
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteHSDir *',
    'TestingDirAuthVoteGuard *',
    'TestingMinExitFlagThreshold 0',
    `DataDirectory ${join(root, name)}`,
    `Nickname ${name}`,
    `ORPort 127.0.0.1:${orPort}`,
    'Address 127.0.0.1',
    'SocksPort 0',
    'AssumeReachable 1',
    'ExitRelay 1',
    'ExitPolicy accept *:*',
    'ExitPolicyRejectPrivate 0',
    'ShutdownWaitLength 1',
    `__OwningControllerProcess ${process.pid}`,
    `Log notice file ${join(root, `${name}.log`)}`,
  ]
  const running: Bun.Subprocess[] = []
  const launch = (name: string, text: readonly string[]) => {
    mkdirSync(join(root, name), { recursive: true, mode: 0o700 })
    const file = join(root, `${name}.torrc`)
    writeFileSync(file, `${text.join('\n')}\n`)
    running.push(
      Bun.spawn([programs.tor, '-f', file, '--defaults-torrc', empty, '--quiet'], {
        env: {},
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      }),
    )
  }
  const stop = async () => {
    for (const one of running) one.kill('SIGTERM')
    const late = setTimeout(() => {
      for (const one of running) one.kill('SIGKILL')
    }, 5_000)
    await Promise.all(running.map(({ exited }) => exited))
    clearTimeout(late)
  }
  launch('authority', [
    ...common('authority', authorityPort),
    `DirPort 127.0.0.1:${directoryPort}`,
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo nobody@test.invalid',
    'TestingV3AuthInitialVotingInterval 5',
    'TestingV3AuthInitialVoteDelay 2',
    'TestingV3AuthInitialDistDelay 2',
    'V3AuthVotingInterval 10',
    'V3AuthVoteDelay 2',
    'V3AuthDistDelay 2',
    'V3AuthNIntervalsValid 3',
  ])
  relayPorts.forEach((port, at) => {
    launch(`relay${at + 1}`, common(`relay${at + 1}`, port))
  })
  const consensus = `http://127.0.0.1:${directoryPort}/tor/status-vote/current/consensus`
  for (let asked = 0; asked < 240; asked++) {
    const text = await fetch(consensus, { keepalive: false })
      .then((reply) => reply.text())
      .catch(() => '')
    if ((text.match(/^r (?:authority|relay\d) /gm)?.length ?? 0) >= RELAYS + 1) return { lines, stop }
    if (running.some(({ exitCode }) => exitCode !== null)) break
    await Bun.sleep(250)
  }
  await stop()
  throw new Error(`the private network of ${root} reached no consensus`)
}
