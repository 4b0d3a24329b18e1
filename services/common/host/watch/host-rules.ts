import { bytes, duration } from '../../cli/format.ts'
import type { Certificate } from '../facts/certificate.ts'
import type { Container } from '../facts/container.ts'
import type { Disk } from '../facts/disks.ts'
import type { HostFacts, Stamp } from '../facts/host-facts.ts'
import { readThrottle } from '../facts/throttle.ts'
import { bad, type Finding, ok, unknown, type Verdict, warn } from '../finding.ts'
import { describeLost, judgeMark } from '../volume-rules.ts'
import type { Expected } from './expected.ts'
import { type Counts, grownBy } from './history.ts'
import { limits } from './limits.ts'
import { word } from './remedies.ts'

/** A share from 0 to 1: `87 %`. Rounded down, so that nothing is full before it is. */
const shareText = (share: number): string => `${Math.floor(share * 100)} %`

/** The facts, what the last check counted, and the clock of the host, epoch ms. */
export type HostView = {
  readonly facts: HostFacts
  readonly counts: Counts
  readonly now: number
  readonly expected: readonly Pick<Expected, 'volumes'>[]
}

type HostRule = { readonly about: string; readonly judge: (view: HostView) => readonly Finding[] }

const about = (subject: string, verdict: Verdict): Finding => ({ subject, ...verdict })
const one = (subject: string, verdict: Verdict): readonly Finding[] => [about(subject, verdict)]

const engine = ({ facts: { engine } }: HostView): readonly Finding[] => {
  const subject = 'engine:docker'
  if (engine.is === 'up') return one(subject, ok(`version ${engine.version}`))
  if (engine.is === 'absent')
    return one(subject, bad('docker is not installed', 'bun run deploy:pi says what is missing'))
  return /permission denied/i.test(engine.why)
    ? one(
        subject,
        unknown('this user may not ask the engine', 'run the check as root or as a member of the group docker'),
      )
    : one(
        subject,
        bad(`the engine does not answer: ${engine.why}`, 'sudo systemctl restart docker; journalctl -u docker -n 50'),
      )
}

const freshness = ({ facts, now }: HostView): readonly Finding[] => {
  const subject = 'facts:host'
  if (!facts.whole)
    return one(subject, unknown('what the host says came only in part', 'sh facts.sh DIR shows where it stops'))
  const age = now - (facts.at ?? now)
  return one(
    subject,
    age > limits.facts.warn
      ? warn(`what is known of the host is ${duration(age)} old`, 'gather the facts again')
      : ok(),
  )
}

const isRunning = ({ status }: Container) => status === 'running'

const memoryOf = (used: number, limit: number): Verdict => {
  const share = used / limit
  const evidence = `${shareText(share)} of ${bytes(limit)}`
  const remedy = 'raise its mem_limit in the catalogue, or docker restart it if it grows without end'
  if (share >= limits.memory.bad) return bad(evidence, remedy)
  return share >= limits.memory.warn ? warn(evidence, remedy) : ok(evidence)
}

const memory = ({ facts: { containers, engine } }: HostView): readonly Finding[] => {
  const limited = containers.filter((one) => isRunning(one) && one.memoryLimit > 0)
  if (engine.is === 'up' && !engine.limitsMemory)
    return one(
      'memory:limits',
      warn(
        'this kernel neither counts nor limits the memory of containers',
        'add "cgroup_enable=memory cgroup_memory=1" to the line in /boot/firmware/cmdline.txt and reboot',
      ),
    )
  const read = limited.flatMap(({ service, memoryUsed, memoryLimit }) =>
    memoryUsed === undefined ? [] : [about(`memory:${service}`, memoryOf(memoryUsed, memoryLimit))],
  )
  // One that began or ended meanwhile has no figure; that none has is another matter.
  return read.length > 0 || limited.length === 0
    ? read
    : one('memory:limits', unknown('the memory of no container can be read', 'docker stats --no-stream'))
}

const restarts = ({ facts: { containers }, counts }: HostView): readonly Finding[] =>
  containers.map(({ service, id, name, restarts: count, status }) => {
    const more = grownBy(counts, `restarts:${service}`, { id, count })
    return about(
      `restarts:${service}`,
      // One that does not run at all has its own line.
      more > 0 && status === 'running'
        ? warn(
            `the engine restarted it ${more} time${more === 1 ? '' : 's'} since the last check, ${count} in all`,
            `docker logs --tail 200 ${name}`,
          )
        : ok(count === 0 ? '' : `${count} so far`),
    )
  })

const oomKills = ({ facts, counts }: HostView): readonly Finding[] => {
  if (facts.oomKills === undefined) return []
  const more = grownBy(counts, 'memory:kills', { id: 'kernel', count: facts.oomKills })
  return one(
    'memory:kills',
    more > 0
      ? warn(
          `the kernel killed ${more} process${more === 1 ? '' : 'es'} for want of memory since the last check`,
          'sudo dmesg | grep -i "killed process" names them',
        )
      : ok(),
  )
}

const diskOf = ({ size, free, mount }: Disk): Verdict => {
  const share = free / size
  const evidence = `${shareText(share)} free, ${bytes(free)}`
  const remedy = `du -xh -d 2 ${/^[\w./-]+$/.test(mount) ? mount : '/'} | sort -h | tail; docker image prune`
  if (share < limits.diskShare.bad || free < limits.diskBytes.bad) return bad(evidence, remedy)
  return share < limits.diskShare.warn ? warn(evidence, remedy) : ok(evidence)
}

const disks = ({ facts }: HostView): readonly Finding[] =>
  facts.disks.map((disk) => about(`disk:${disk.mount}`, diskOf(disk)))

const certificateOf = (certificate: Certificate, now: number): Verdict => {
  if ('fault' in certificate) return bad(certificate.fault, 'put a PEM certificate there, or take the file away')
  const left = certificate.notAfter - now
  const remedy = 'put the new certificate in its place and restart who serves it'
  if (left <= 0) return bad(`ended ${duration(-left)} ago`, remedy)
  const evidence = `ends in ${duration(left)}`
  if (left < limits.certificate.bad) return bad(evidence, remedy)
  return left < limits.certificate.warn ? warn(evidence, remedy) : ok(evidence)
}

const certificates = ({ facts, now }: HostView): readonly Finding[] =>
  facts.certificates.map((one) => about(`certificate:${one.file}`, certificateOf(one, now)))

/** Later than the host's clock by more than a moment: then no age can be told. */
const fromTheFuture = (at: number, now: number) => at > now + 60_000

/** Age of the last good run, ms; or what is to be said where there is none. */
const ageOf = (stamp: Stamp | undefined, now: number): number | 'never' | 'future' => {
  if (stamp?.at === undefined) return 'never'
  return fromTheFuture(stamp.at, now) ? 'future' : now - stamp.at
}

const dated = unknown('the last one is dated in the future', 'date -u')

const backupOf = (stamp: Stamp | undefined, now: number): Verdict => {
  const remedy = 'bun run backup'
  const age = ageOf(stamp, now)
  if (age === 'future') return dated
  const failed = stamp?.ok === false
  if (age === 'never') return bad(failed ? 'none has ever gone well' : 'there has never been one', remedy)
  const evidence = `${failed ? 'the last run failed, ' : ''}the newest is ${duration(age)} old`
  if (age > limits.backup.bad) return bad(evidence, remedy)
  return failed || age > limits.backup.warn ? warn(evidence, remedy) : ok(evidence)
}

const drillOf = (stamp: Stamp | undefined, now: number): Verdict => {
  const remedy = 'bun run restore --identity KEY --drill'
  const age = ageOf(stamp, now)
  if (stamp?.ok === false) return bad('the newest backup could not be restored on trial', remedy)
  if (age === 'future') return dated
  if (age === 'never') return warn('no backup was ever restored on trial', remedy)
  const evidence = `the last one was ${duration(age)} ago`
  return age > limits.drill.warn ? warn(evidence, remedy) : ok(evidence)
}

const backup = ({ facts, now }: HostView): readonly Finding[] =>
  facts.dir === undefined ? [] : one('backup:newest', backupOf(facts.backup, now))

const drill = ({ facts, now }: HostView): readonly Finding[] =>
  facts.dir === undefined ? [] : one('backup:drill', drillOf(facts.drill, now))

const cpu = ({ facts: { temperature, throttled } }: HostView): readonly Finding[] => {
  if (temperature === undefined && throttled === undefined) return []
  const { now, since: before } = readThrottle(throttled)
  const warmth = temperature === undefined ? '' : `${Math.round(temperature)} °C`
  if (now.length > 0)
    return one(
      'cpu:speed',
      warn(
        [`the processor is slowed down: ${now.join(', ')}`, warmth].filter(Boolean).join(', '),
        now.includes('under-voltage') ? 'use the 27 W supply of the Pi 5 and its own cable' : 'cool it',
      ),
    )
  if ((temperature ?? 0) >= limits.temperature.warn)
    return one('cpu:speed', warn(`${warmth}: it is about to be slowed down`, 'cool it'))
  return one(
    'cpu:speed',
    ok([warmth, before.length > 0 && `since the start there was ${before.join(', ')}`].filter(Boolean).join('; ')),
  )
}

const deploy = ({ facts: { dir, openRun, lease, release, containers }, now }: HostView): readonly Finding[] => {
  if (dir === undefined) return []
  const verdict = (): Verdict => {
    if (lease !== undefined && lease.until > now)
      return warn(`the host is being changed by ${lease.by} (${lease.what})`, 'wait until it is done')
    if (openRun !== undefined)
      return bad(
        `a run was cut before its end: ${[openRun.run, openRun.what].filter(Boolean).join(', ')}`,
        'bun run deploy:pi or bun run rollback finishes or undoes it',
      )
    if (release === undefined && containers.length > 0)
      return bad(
        `containers of Lucid run, and ${dir} holds no release`,
        `findmnt ${word(dir, 'DIR')} says whether its disk is mounted`,
      )
    return ok(release ?? '')
  }
  return one('deploy:run', verdict())
}

/** What a release was brought with, and what somebody made of it since: the next start goes by it. */
const files = ({ facts: { changedFiles = [] } }: HostView): readonly Finding[] =>
  changedFiles.map((name) =>
    about(`file:${name}`, warn('this file of the release was changed by hand', 'bun run deploy:pi')),
  )

/** That data is where it was. Only where a release is at work, and the engine tells. */
const volumes = ({ facts, expected }: HostView): readonly Finding[] => {
  const { release, volumes: existing, markedVolumes = [], installation } = facts
  if (release === undefined || existing === undefined) return []
  const committed = [...new Set(expected.flatMap(({ volumes }) => volumes))]
  return committed.flatMap((name) => {
    if (!existing.includes(name)) return [describeLost(name)]
    const marked = markedVolumes.filter((one) => one.name === name)
    const lost = marked.flatMap((one) => judgeMark(one, { committed, installation }))
    return lost.length > 0 ? lost : [about(`volume:${name}`, ok())]
  })
}

/** Everything about the host itself, each rule on its own subjects. */
export const hostRules: readonly HostRule[] = [
  { about: 'the engine answers', judge: engine },
  { about: 'the facts are whole and fresh', judge: freshness },
  { about: 'no deploy was cut', judge: deploy },
  { about: 'files of the release are as they were brought', judge: files },
  { about: 'the data is where it was', judge: volumes },
  { about: 'the disks have room', judge: disks },
  { about: 'containers stay below their memory limit', judge: memory },
  { about: 'no container was restarted since the last check', judge: restarts },
  { about: 'the kernel killed nothing for want of memory', judge: oomKills },
  { about: 'certificates do not end soon', judge: certificates },
  { about: 'there is a fresh backup', judge: backup },
  { about: 'a backup was restored on trial', judge: drill },
  { about: 'the processor runs at its speed', judge: cpu },
]
