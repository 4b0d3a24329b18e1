import { expect, test } from 'bun:test'
import { formatPrometheus } from './prometheus.ts'
import { makeReport } from './report.ts'
import { judgeAll } from './rules.ts'
import { answer, container, NOW, well, wellHost } from './watch.fixture.ts'

const services = [
  answer('alpha', 'healthy', { ms: 3 }),
  answer('beta', 'timeout', { ms: 1500, detail: 'no answer in time' }),
  answer('gamma', 'absent'),
]

test('a check of services alone is exactly this text', () => {
  const findings = [
    { subject: 'alpha', state: 'ok', evidence: '', remedy: '' },
    { subject: 'a "b" \\ c\nd', state: 'warn', evidence: '', remedy: '' },
    { subject: 'beta', state: 'bad', evidence: '', remedy: '' },
  ] as const
  const report = makeReport({ services, findings, facts: { asked: false, reason: 'x' } }, 1_500)
  expect(formatPrometheus(report)).toBe(`# HELP lucid_check_timestamp_seconds When the check was made
# TYPE lucid_check_timestamp_seconds gauge
lucid_check_timestamp_seconds 1.5
# HELP lucid_check_severity The worst finding: 0 well, 1 warning or unknown, 2 bad
# TYPE lucid_check_severity gauge
lucid_check_severity 2
# HELP lucid_check_host_asked 1 when the host was asked about itself, not only the services
# TYPE lucid_check_host_asked gauge
lucid_check_host_asked 0
# HELP lucid_finding_severity 0 well, 1 warning or unknown, 2 bad
# TYPE lucid_finding_severity gauge
lucid_finding_severity{subject="alpha"} 0
lucid_finding_severity{subject="a \\"b\\" \\\\ c\\nd"} 1
lucid_finding_severity{subject="beta"} 2
# HELP lucid_service_up 1 when the service says that it is healthy
# TYPE lucid_service_up gauge
lucid_service_up{service="alpha",stack="core"} 1
lucid_service_up{service="beta",stack="core"} 0
# HELP lucid_service_answer_seconds Time until the service answered or was given up
# TYPE lucid_service_answer_seconds gauge
lucid_service_answer_seconds{service="alpha",stack="core"} 0.003
lucid_service_answer_seconds{service="beta",stack="core"} 1.5
`)
})

test('facts of the host add its samples, and what is not known has none', () => {
  const facts = {
    ...wellHost,
    containers: [container('alpha', { restarts: 2 }), container('beta', { memoryLimit: 0 })].map(
      ({ memoryUsed, ...rest }) => (rest.service === 'alpha' ? { ...rest, memoryUsed: 7 } : rest),
    ),
  }
  const findings = judgeAll({ ...well, facts })
  const text = formatPrometheus(makeReport({ services, findings, facts: { asked: true } }, NOW), facts)
  const samples = text.split('\n').filter((line) => /^lucid_(?:container|disk|cert|backup|restore|host)/.test(line))
  expect(samples).toEqual([
    'lucid_container_restarts_total{service="alpha"} 2',
    'lucid_container_restarts_total{service="beta"} 0',
    'lucid_container_memory_bytes{service="alpha"} 7',
    'lucid_container_memory_limit_bytes{service="alpha"} 104857600',
    'lucid_disk_free_bytes{mount="/"} 53687091200',
    'lucid_disk_size_bytes{mount="/"} 107374182400',
    'lucid_certificate_end_timestamp_seconds{file="a.pem"} 1800792000',
    'lucid_backup_timestamp_seconds 1795604400',
    'lucid_restore_drill_timestamp_seconds 1795521600',
    'lucid_host_temperature_celsius 50',
    'lucid_host_oom_kills_total 3',
  ])
})
