import { bytes } from '../../cli/format.ts'
import type { Facts } from '../facts.ts'
import { type Mend, onHost, recover } from '../finding.ts'
import { held, type Rule, running } from './rule.ts'

/** What makes everything slow: memory, disk, processor, heat. */

/** Bits of get_throttled (Raspberry Pi documentation, "vcgencmd"): now, and since it was started. */
const throttleBits: readonly {
  readonly bit: number
  readonly kind: 'power' | 'heat'
  readonly says: string
}[] = [
  { bit: 0, kind: 'power', says: 'under-voltage now' },
  { bit: 2, kind: 'power', says: 'throttled now' },
  { bit: 16, kind: 'power', says: 'under-voltage since it was started' },
  { bit: 18, kind: 'power', says: 'throttled since it was started' },
  { bit: 1, kind: 'heat', says: 'frequency capped now' },
  { bit: 3, kind: 'heat', says: 'soft temperature limit now' },
  { bit: 17, kind: 'heat', says: 'frequency capped since it was started' },
  { bit: 19, kind: 'heat', says: 'soft temperature limit since it was started' },
]

/** What the firmware says of one of its two reasons. Under-voltage throttles too, so bits 2 and 18 are its when 0 or 16 is set. */
const throttledBy = (throttled: number | undefined, kind: 'power' | 'heat'): readonly string[] => {
  const has = (bit: number) => ((throttled ?? 0) >>> bit) % 2 === 1
  const weak = has(0) || has(16)
  return throttleBits
    .filter(({ bit }) => has(bit))
    .filter((one) =>
      one.bit === 2 || one.bit === 18 ? kind === (weak ? 'power' : 'heat') : one.kind === kind,
    )
    .map(({ says }) => says)
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

type Process = { readonly cpu: number; readonly rss: number; readonly pid: number; readonly args: string }

/** What the platform itself is made of, and what everybody comes in by. */
const OURS =
  /^(?:\/\S*\/)?(?:dockerd|containerd\S*|docker\S*|mongod|bun|tor|nginx|runc\S*|sshd\S*|ssh|systemd\S*|ps|sort|sh)(?:[\s:]|$)/

/** The first process that is not of Lucid and takes a part that matters. `ps`: percent of a processor, memory in KiB, pid, arguments. */
const foreignProcess = (facts: Facts, matters: (process: Process) => boolean): Process | undefined =>
  facts.host.processes
    .map((line) => {
      const [cpu = '0', rss = '0', pid = '0', ...args] = line.split(/\s+/)
      return { cpu: Number(cpu), rss: Number(rss) * 1024, pid: Number(pid), args: args.join(' ') }
    })
    .find((process) => process.pid > 1 && !OURS.test(process.args) && matters(process))

const roomMends = (facts: Facts): readonly Mend[] => {
  const left = facts.host.leftovers.reduce((sum, { size }) => sum + size, 0)
  return [
    ...(left > 0 ? [onHost(`rm -f ${facts.dir}/blobs/sha256/*.part`)] : []),
    ...(left > 0 ? [] : [onHost('sudo journalctl --vacuum-size=100M; sudo apt-get clean')]),
  ]
}

/** Above what a rotated log of ours takes (10 MB x 3), with one file over its size. */
const LOG_BYTES = 45e6

export const slowRules: readonly Rule[] = [
  {
    kind: 'no-memory-limits',
    find: ({ host }) =>
      host.memoryCgroup
        ? []
        : [
            {
              subject: 'host',
              what: 'no container has a memory limit: one that grows takes all down',
              evidence: `/proc/cgroups or docker info: memory off; /proc/cmdline: ${/cgroup_\S+/.exec(host.cmdline)?.[0] ?? 'no cgroup_enable=memory'}`,
              cause: 'the kernel of a Raspberry Pi starts without the memory control group unless it is told',
              mend: [
                onHost(
                  "f=/boot/firmware/cmdline.txt; [ -e $f ] || f=/boot/cmdline.txt; grep -q cgroup_enable=memory $f || sudo sed -i '1 s/$/ cgroup_enable=memory cgroup_memory=1/' $f; sudo reboot",
                ),
              ],
            },
          ],
  },
  {
    kind: 'altered-limits',
    find: (facts) =>
      held(facts).flatMap(({ want, container }) => {
        const differs = [
          facts.host.memoryCgroup &&
            want.memory > 0 &&
            container.memory !== want.memory &&
            `memory ${bytes(container.memory)} instead of ${bytes(want.memory)}`,
          want.cpus > 0 &&
            Math.abs(container.cpus - want.cpus) > 0.001 &&
            `processor ${container.cpus} instead of ${want.cpus}`,
          want.pids > 0 &&
            container.pids !== want.pids &&
            `processes ${container.pids} instead of ${want.pids}`,
        ].filter((said) => said !== false)
        if (differs.length === 0) return []
        return [
          {
            subject: want.name,
            what: 'has other limits than the release gives it',
            evidence: `docker inspect ${want.container}: ${differs.join(', ')}`,
            cause: 'somebody changed them by hand (docker update)',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'memory-limit',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) => {
        const used = facts.usage[container.id]?.memory ?? 0
        if (container.memory === 0 || used / container.memory < 0.9) return []
        return [
          {
            subject: want.name,
            what: `uses ${percent(used / container.memory)} of its memory`,
            evidence: `control group: ${bytes(used)} of ${bytes(container.memory)}, without files that can be dropped`,
            cause: 'it grew: a leak, or more work than its limit was made for; the next growth ends it',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'processor-limit',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) => {
        const { periods = 0, throttled = 0 } = facts.usage[container.id] ?? {}
        if (periods < 5 || throttled / periods < 0.5) return []
        return [
          {
            subject: want.name,
            what: `is held up by its processor limit of ${container.cpus}`,
            evidence: `cpu.stat: nr_throttled ${throttled} of nr_periods ${periods} while we looked`,
            cause: 'it wants more than it is given: more work, or a program that turns in a circle',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'process-limit',
    find: (facts) =>
      running(facts).flatMap(({ want, container }) => {
        const { pids = 0, pidsMax = 0, pidsRefused = 0 } = facts.usage[container.id] ?? {}
        const most = pidsMax || container.pids
        if (most === 0 || (pids / most < 0.9 && pidsRefused === 0)) return []
        return [
          {
            subject: want.name,
            what: `has ${pids} of ${most} processes and threads that it may have`,
            evidence: `pids.current ${pids}, pids.max ${most}, refused ${pidsRefused} times`,
            cause: 'it starts processes and does not end them',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'growing-log',
    find: (facts) =>
      held(facts).flatMap(({ want, container }) => {
        const size = facts.logSizes[container.id] ?? 0
        const free = container.logDriver === 'json-file' && container.logLimit === ''
        if (!free && size < LOG_BYTES) return []
        return [
          {
            subject: want.name,
            what: free ? 'its log has no limit' : `its log takes ${bytes(size)}`,
            evidence: `docker inspect ${want.container}: LogConfig ${container.logDriver} max-size=${container.logLimit || 'none'}; ${bytes(size)} so far`,
            cause: 'the container was made by hand: a release rotates logs at 10 MB',
            mend: [recover('service', want.name)],
          },
        ]
      }),
  },
  {
    kind: 'host-memory',
    find: (facts) => {
      const { total, available, swapFree, swapTotal } = facts.host.memory
      if (total === 0 || available / total >= 0.1) return []
      const other = foreignProcess(facts, ({ rss }) => rss / total >= 0.1)
      return [
        {
          subject: 'host',
          what: `${bytes(available)} of ${bytes(total)} of memory are left`,
          evidence: `/proc/meminfo: MemAvailable ${bytes(available)}, SwapFree ${bytes(swapFree)} of ${bytes(swapTotal)}`,
          cause: `${other === undefined ? 'the containers' : `the containers and ${other.args.slice(0, 80)}`} take more than there is`,
          mend: other === undefined ? [] : [onHost(`sudo kill ${other.pid}`)],
        },
      ]
    },
  },
  {
    kind: 'swapping',
    find: ({ host }) =>
      host.swapping < 250
        ? []
        : [
            {
              subject: 'host',
              what: 'it moves memory to the disk and back',
              evidence: `/proc/vmstat: ${host.swapping} pages through swap while we looked; ${bytes(host.memory.swapTotal - host.memory.swapFree)} in use`,
              cause: 'more memory is used than there is; each access to what was moved waits for the disk',
              mend: [onHost('ps -A -o rss= -o pid= -o args= | sort -rn | head -n 5')],
            },
          ],
  },
  {
    kind: 'disk-full',
    find: (facts) =>
      facts.host.disks
        .filter(({ size, free }) => size > 0 && free / size < 0.08)
        .map((disk) => {
          const left = facts.host.leftovers.reduce((sum, { size }) => sum + size, 0)
          return {
            subject: 'host',
            what: `${disk.mount} is full: ${bytes(disk.free)} of ${bytes(disk.size)} are free`,
            evidence: `df: ${disk.device} ${percent(1 - disk.free / disk.size)} used${left > 0 ? `; transfers that did not end: ${bytes(left)}` : ''}`,
            cause:
              left > 0
                ? 'what was left of transfers that did not end takes room'
                : 'recordings, images, backups or the host’s own logs take more than there is',
            mend: roomMends(facts),
          }
        }),
  },
  {
    kind: 'disk-no-inodes',
    find: ({ host }) =>
      host.disks
        .filter(({ inodes }) => inodes >= 0.95)
        .map((disk) => ({
          subject: 'host',
          what: `${disk.mount} has no room for more files`,
          evidence: `df -i: ${percent(disk.inodes)} of inodes used`,
          cause: 'very many small files',
          mend: [onHost(`sudo find ${disk.mount} -xdev -type d -size +1000k`)],
        })),
  },
  {
    kind: 'slow-disk',
    find: ({ host }) => {
      const slow = host.waits.find(({ ms, operations }) => ms >= 200 && operations >= 10)
      if (slow === undefined && (host.ioPressure ?? 0) < 40) return []
      return [
        {
          subject: 'host',
          what: 'its disk is slow',
          evidence:
            slow === undefined
              ? `/proc/pressure/io: something waited for the disk in ${host.ioPressure} % of the last 10 s`
              : `/proc/diskstats: ${slow.device} took ${Math.round(slow.ms)} ms for each of ${slow.operations} operations`,
          cause: 'it is overloaded, wears out, or hangs on a slow line (USB 2, an SD card)',
          mend: [onHost(`sudo smartctl -H /dev/${slow?.device ?? 'nvme0n1'}`)],
        },
      ]
    },
  },
  {
    kind: 'load',
    find: (facts) => {
      const { load, cpus } = facts.host
      if (load <= cpus * 2) return []
      const other = foreignProcess(facts, ({ cpu }) => cpu >= 25)
      return [
        {
          subject: 'host',
          what: `${load} processes want its ${cpus} processors`,
          evidence: `/proc/loadavg: ${load} over five minutes; most: ${facts.host.processes[0] ?? 'unknown'}`,
          cause:
            other === undefined
              ? 'the containers have more work than there is time'
              : `${other.args.slice(0, 80)} works beside them`,
          mend: other === undefined ? [] : [onHost(`sudo renice -n 19 -p ${other.pid}`)],
        },
      ]
    },
  },
  {
    kind: 'under-voltage',
    find: ({ host }) => {
      const says = throttledBy(host.throttled, 'power')
      if (says.length === 0) return []
      return [
        {
          subject: 'host',
          what: 'its power supply is too weak, so it slows down',
          evidence: `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
          cause: 'a Pi 5 with a disk wants 27 W (5 V, 5 A) and a good cable',
          mend: [],
        },
      ]
    },
  },
  {
    kind: 'heat',
    find: ({ host }) => {
      const says = throttledBy(host.throttled, 'heat')
      const hot = (host.temperature ?? 0) >= 80
      if (says.length === 0 && !hot) return []
      return [
        {
          subject: 'host',
          what: 'it is too hot, so it slows down',
          evidence: [
            host.temperature !== undefined && `thermal_zone0: ${host.temperature.toFixed(1)} C`,
            says.length > 0 &&
              `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
          ]
            .filter(Boolean)
            .join('; '),
          cause: 'no cooler, a fan that stands still, or no air around it',
          mend: [],
        },
      ]
    },
  },
]
