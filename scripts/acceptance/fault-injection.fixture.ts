import { expect, test } from 'bun:test'
import { duration } from '#common/cli/format'
import { live, type Ran } from '../cli/run.ts'
import type { Operator } from '../testing/peers/pi/operator.ts'
import type { Pi } from '../testing/peers/pi/pi.ts'
import type { Row } from './row.ts'

/**
 * The acceptance tests as typed, against an emulated Pi to which the platform was deployed: nothing may fail on it as it is, and what
 * is injected must be found by the command whose task it is, and named. The emulated Pi is left as it was.
 */

type Report = {
  readonly verdict: number
  readonly passed: number
  readonly failed: number
  readonly not_run: number
  readonly checks: readonly Row[]
}

const reportOf = ({ out, err, code }: Ran): Report => {
  try {
    return JSON.parse(out) as Report // of the command's own --json
  } catch (cause) {
    throw new Error(`there is no report (${code}): ${err}`, { cause })
  }
}

const of = ({ checks }: Report, wanted: Row['result']): readonly string[] =>
  checks.flatMap(({ check, subject, result, detail }) =>
    result === wanted ? [`${check} of ${subject}: ${detail}`] : [],
  )

/**
 * What failed, but for what is true of an emulated Pi: it has never been backed up, and how long anything takes is the
 * machine's, which is printed and not asserted.
 */
const ofDeploy = (report: Report): readonly string[] =>
  of(report, 'FAIL').filter(
    (line) => !/^the health watch .* backup:newest: [^;]*$|it is back, after|^every service answers in time/.test(line),
  )

/** What is wrong with a container, as Compose would have it; the release's own file lies below. */
const WRONG = `services:
  merkle-builder:
    ports: ["0.0.0.0:18092:8092"]
  session-chunker:
    user: "0:0"
  session-encryptor:
    mem_limit: 300m
`

export type AcceptanceOptions = {
  readonly operator: Operator
  readonly pi: Pi
  readonly tell: (text: string) => void
  readonly full: boolean
}

/** Registers the tests; the platform must be deployed and well before the first of them, and is after the last. */
export const acceptanceTests = ({ operator, pi, tell, full }: AcceptanceOptions): void => {
  const sh = async (script: string): Promise<void> => {
    const { code, err } = await live(['ssh', '-F', pi.sshConfig, pi.host, script])
    if (code !== 0) throw new Error(err)
  }
  const compose = (more: string): string =>
    `docker compose --file ${pi.dir}/releases/${operator.current()}/compose.sessions.yaml ${more}`
  const runCommand = async (name: string, ...words: readonly string[]): Promise<Report> => {
    const ran = await operator.type(name, ...words, '--json')
    const report = reportOf(ran)
    expect(ran.code).toBe(report.verdict)
    tell(
      `${name.replace('-', ':')}: ${report.passed} passed, ${report.failed} failed, ${report.not_run} not run in ${duration(ran.ms)}`,
    )
    return report
  }

  test('test:service finds each service at its work, confined, within its limits and reachable by whom it serves', async () => {
    const report = await runCommand('test:service')
    expect(of(report, 'FAIL')).toEqual([])
    expect(of(report, 'NOT RUN')).toEqual([])
    expect(report.passed).toBeGreaterThan(100)
  })

  test('test:integration follows a recording to its proof, and does not touch what runs unless it is told to', async () => {
    const before = await operator.containers()
    const report = await runCommand('test:integration')
    expect(of(report, 'FAIL')).toEqual([])
    expect(of(report, 'NOT RUN')).toEqual([
      'a stopped service is felt, and then back of merkle-builder: needs --disturb: it touches the running platform',
    ])
    expect(await operator.containers()).toEqual(before)
  })

  test('what is injected is found: a port open to all, a root user, a wrong limit, a stranger on a network, a dead service', async () => {
    await sh(
      [
        `${compose('--file - up --detach --no-build --no-deps merkle-builder session-chunker session-encryptor')} <<'EOF'\n${WRONG}EOF`,
        'docker network connect lucid_chain_net openapi-gateway',
        'docker stop session-recorder',
      ].join('\n'),
    )
    try {
      const service = of(await runCommand('test:service'), 'FAIL')
      for (const found of [
        'published on loopback only of merkle-builder: port 18092 is open on 0.0.0.0',
        "confined of session-chunker: runs as root (user '0:0')",
        'within its limits of session-encryptor: the memory limit is 300 MiB and not 256 MiB',
        'on its networks only of openapi-gateway: it is on lucid_chain_net too',
        'runs as released of session-recorder: it is exited',
        'healthy as published of session-recorder: unreachable',
      ])
        expect(service.filter((line) => line.startsWith(found))).toHaveLength(1)
      expect(service.filter((line) => /^reaches nobody .* of openapi-gateway: .*can reach /.test(line))).toHaveLength(1)
      const integration = await runCommand('test:integration')
      expect(of(integration, 'FAIL').filter((line) => line.startsWith('a recording goes in of'))).toHaveLength(1)
      expect(of(integration, 'NOT RUN').filter((line) => line.includes('there is no recording'))).not.toEqual([])
      const staged = of(await runCommand('test:staged'), 'FAIL')
      expect(staged.filter((line) => /^runs as released .*session-recorder is exited/.test(line))).toHaveLength(1)
      expect(staged.filter((line) => /^the health watch .*session-recorder: /.test(line))).toHaveLength(1)
    } finally {
      await sh(
        [
          'docker network disconnect lucid_chain_net openapi-gateway || :',
          // Who needs one that is made anew is unhealthy for a while, and Compose waits no longer then.
          `for try in 1 2 3 4 5 6; do ${compose('up --detach --no-build --remove-orphans --wait --wait-timeout 300')} && exit 0; sleep 5; done; exit 1`,
        ].join('\n'),
      )
    }
    expect(ofDeploy(await runCommand('test:staged'))).toEqual([])
  })

  if (!full) console.log('NOT RUN: only with --full (acceptance tests with --disturb on the emulated Pi)')
  test.skipIf(!full)(
    'with --disturb a service is stopped and back, stages bring nothing down, a rollback goes there and back',
    async () => {
      const id = operator.current()
      expect(of(await runCommand('test:integration', '--disturb'), 'FAIL')).toEqual([])
      expect(ofDeploy(await runCommand('test:staged', '--disturb'))).toEqual([])
      expect(operator.current()).toBe(id)
    },
  )
}
