import type { HostFacts } from '../facts/host-facts.ts'
import type { WatchReport } from './report.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** Label values as the text format wants them (prometheus.io, exposition formats). */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const labelled = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

type Metric = {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: (report: WatchReport, facts: HostFacts | undefined) => readonly Sample[]
}

const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
  name,
  help,
  type: 'gauge',
  samples,
})
const severity = { ok: 0, unknown: 1, warn: 1, bad: 2 } as const
const plain = (value: number | undefined): readonly Sample[] => (value === undefined ? [] : [[{}, value]])
const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000)

const metrics: readonly Metric[] = [
  gauge('lucid_check_timestamp_seconds', 'When the check was made', ({ checked_at }) => plain(checked_at / 1000)),
  gauge('lucid_check_severity', 'The worst finding: 0 well, 1 warning or unknown, 2 bad', ({ worst }) =>
    plain(severity[worst]),
  ),
  gauge('lucid_check_host_asked', '1 when the host was asked about itself, not only the services', ({ facts }) =>
    plain(Number(facts.asked)),
  ),
  gauge('lucid_finding_severity', '0 well, 1 warning or unknown, 2 bad', ({ findings }) =>
    findings.map(({ subject, state }) => [{ subject }, severity[state]]),
  ),
  gauge('lucid_service_up', '1 when the service says that it is healthy', ({ services }) =>
    services
      .filter(({ state }) => state !== 'absent')
      .map(({ name, stack, state }) => [{ service: name, stack }, Number(state === 'healthy')]),
  ),
  gauge('lucid_service_answer_seconds', 'Time until the service answered or was given up', ({ services }) =>
    services
      .filter(({ state }) => state !== 'absent')
      .map(({ name, stack, ms }) => [{ service: name, stack }, ms / 1000]),
  ),
  {
    name: 'lucid_container_restarts_total',
    help: 'How often the engine started the container again',
    type: 'counter',
    samples: (_, facts) => (facts?.containers ?? []).map(({ service, restarts }) => [{ service }, restarts]),
  },
  gauge('lucid_container_memory_bytes', 'Memory in use, without file pages that can go', (_, facts) =>
    (facts?.containers ?? []).flatMap(({ service, memoryUsed }) =>
      memoryUsed === undefined ? [] : [[{ service }, memoryUsed] as const],
    ),
  ),
  gauge('lucid_container_memory_limit_bytes', 'Memory limit', (_, facts) =>
    (facts?.containers ?? [])
      .filter(({ memoryLimit }) => memoryLimit > 0)
      .map(({ service, memoryLimit }) => [{ service }, memoryLimit]),
  ),
  gauge('lucid_disk_free_bytes', 'Free space of a file system that Lucid is on', (_, facts) =>
    (facts?.disks ?? []).map(({ mount, free }) => [{ mount }, free]),
  ),
  gauge('lucid_disk_size_bytes', 'Size of a file system that Lucid is on', (_, facts) =>
    (facts?.disks ?? []).map(({ mount, size }) => [{ mount }, size]),
  ),
  gauge('lucid_certificate_end_timestamp_seconds', 'When the certificate ends', (_, facts) =>
    (facts?.certificates ?? []).flatMap((one) =>
      'notAfter' in one ? [[{ file: one.file }, one.notAfter / 1000] as const] : [],
    ),
  ),
  gauge('lucid_backup_timestamp_seconds', 'When the newest backup was made', (_, facts) =>
    plain(seconds(facts?.backup?.at)),
  ),
  gauge('lucid_restore_drill_timestamp_seconds', 'When a backup was last restored on trial', (_, facts) =>
    plain(seconds(facts?.drill?.at)),
  ),
  gauge('lucid_host_temperature_celsius', 'Temperature of the processor', (_, facts) => plain(facts?.temperature)),
  {
    name: 'lucid_host_oom_kills_total',
    help: 'Processes that the kernel killed for want of memory',
    type: 'counter',
    samples: (_, facts) => plain(facts?.oomKills),
  },
]

/** The report for the textfile collector of node_exporter. What is not known has no sample. */
export const formatPrometheus = (report: WatchReport, facts?: HostFacts): string =>
  metrics
    .map(({ name, help, type, samples }) => {
      const lines = samples(report, facts).map(([labels, value]) => `${name}${labelled(labels)} ${value}\n`)
      return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
