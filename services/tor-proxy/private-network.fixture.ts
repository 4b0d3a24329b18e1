import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '#common/testing/free-ports'
import { runProgram } from '#common/testing/run-program'

/** With the authority there are four that relay, which is the least that onions work with. */
const RELAYS = 3

const run = async (argv: readonly string[], stdin = ''): Promise<string> => {
  const { out, err, code } = await runProgram(argv, { env: {}, stdin })
  if (code !== 0) throw new Error(`${argv[0]} ended with ${code}: ${err}`)
  return out
}

type Programs = { readonly tor: string; readonly gencert: string }

/** The lines that every member and client has, once the authority has its keys. */
const makeAuthority = async (
  { tor, gencert }: Programs,
  {
    folder,
    empty,
    port,
    directoryPort,
  }: { readonly folder: string; readonly empty: string; readonly port: number; readonly directoryPort: number },
): Promise<readonly string[]> => {
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  const keys = (name: string) => join(folder, 'keys', name)
  await run(
    [
      ...[gencert, '--create-identity-key', '-m', '12', '-a', `127.0.0.1:${directoryPort}`],
      ...['-i', keys('authority_identity_key'), '-s', keys('authority_signing_key')],
      ...['-c', keys('authority_certificate'), '--passphrase-fd', '0'],
    ],
    'a passphrase of this test\n',
  )
  const identity = /^fingerprint (\S+)/m.exec(readFileSync(keys('authority_certificate'), 'utf8'))?.[1]
  const listed = await run([
    ...[tor, '-f', empty, '--defaults-torrc', empty],
    ...['--DataDirectory', folder, '--ORPort', `127.0.0.1:${port}`],
    ...['--DirPort', `127.0.0.1:${directoryPort}`, '--Nickname', 'authority', '--Address', '127.0.0.1'],
    ...['--SocksPort', '0', '--AssumeReachable', '1', '--list-fingerprint', '--quiet'],
  ])
  const fingerprint = listed.trim().split('\n').at(-1)?.split(' ').slice(1).join('')
  return [
    'TestingTorNetwork 1',
    'PathsNeededToBuildCircuits 0.25',
    `DirAuthority authority orport=${port} no-v2 v3ident=${identity} 127.0.0.1:${directoryPort} ${fingerprint}`,
  ]
}

const memberLines = (root: string, name: string, orPort: number): readonly string[] => [
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

const authorityLines = (directoryPort: number): readonly string[] => [
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
]

const stopAll = async (running: readonly Bun.Subprocess[]): Promise<void> => {
  for (const one of running) one.kill('SIGTERM')
  const late = setTimeout(() => {
    for (const one of running) one.kill('SIGKILL')
  }, 5_000)
  await Promise.all(running.map(({ exited }) => exited))
  clearTimeout(late)
}

/** True once the consensus lists everybody; false when a member ended, or after a minute. */
const awaitConsensus = async (directoryPort: number, running: readonly Bun.Subprocess[]): Promise<boolean> => {
  const consensus = `http://127.0.0.1:${directoryPort}/tor/status-vote/current/consensus`
  for (let asked = 0; asked < 240; asked++) {
    const text = await fetch(consensus, { keepalive: false })
      .then((reply) => reply.text())
      .catch(() => '')
    if ((text.match(/^r (?:authority|relay\d) /gm)?.length ?? 0) >= RELAYS + 1) return true
    if (running.some(({ exitCode }) => exitCode !== null)) return false
    await Bun.sleep(250)
  }
  return false
}

/** A Tor network of real tor on loopback: an authority and three relays. `lines`: what a client's torrc needs. */
export const startPrivateNetwork = async (root: string, programs: Programs) => {
  const [port = 0, directoryPort = 0, ...relayPorts] = freePorts(2 + RELAYS)
  const folder = join(root, 'authority')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const empty = join(root, 'empty')
  writeFileSync(empty, '')
  const lines = await makeAuthority(programs, { folder, empty, port, directoryPort })
  const launch = (name: string, orPort: number, more: readonly string[] = []) => {
    mkdirSync(join(root, name), { recursive: true, mode: 0o700 })
    const file = join(root, `${name}.torrc`)
    writeFileSync(file, `${[...lines, ...memberLines(root, name, orPort), ...more].join('\n')}\n`)
    return Bun.spawn([programs.tor, '-f', file, '--defaults-torrc', empty, '--quiet'], {
      env: {},
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    })
  }
  const running = [
    launch('authority', port, authorityLines(directoryPort)),
    ...relayPorts.map((relayPort, at) => launch(`relay${at + 1}`, relayPort)),
  ]
  if (await awaitConsensus(directoryPort, running)) return { lines, stop: () => stopAll(running) }
  await stopAll(running)
  throw new Error(`the private network of ${root} reached no consensus`)
}
