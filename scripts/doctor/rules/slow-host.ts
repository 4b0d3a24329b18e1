import { bytes } from '#common/cli/format'
import type { Facts } from '../facts.ts'
import { onHost, type RepairLine } from '../finding.ts'
import { limitsMemory, ofHost, percent, type Rule } from './rule.ts'

/** A host that has too little memory, disk or processor for what runs on it. */

type Process = { readonly cpu: number; readonly rss: number; readonly pid: number; readonly args: string }

/** What the platform itself is made of, and what everybody comes in by. */
const OURS =
  /^(?:\/\S*\/)?(?:dockerd|containerd\S*|docker\S*|mongod|bun|tor|nginx|runc\S*|sshd\S*|ssh|systemd\S*|ps|sort|sh)(?:[\s:]|$)/

/** The first process that is not of Lucid and takes a part that matters. `ps`: percent of a processor, memory in KiB, pid, arguments. */
const foreignProcess = (facts: Facts, matters: (process: Process) => boolean): Process | undefined =>
  facts.host.diagnosis.processes
    .map((line) => {
      const [cpu = '0', rss = '0', pid = '0', ...args] = line.split(/\s+/)
      return { cpu: Number(cpu), rss: Number(rss) * 1024, pid: Number(pid), args: args.join(' ') }
    })
    .find((process) => process.pid > 1 && !OURS.test(process.args) && matters(process))

const roomRepairs = (facts: Facts): readonly RepairLine[] => {
  const left = facts.host.diagnosis.leftovers.reduce((sum, { size }) => sum + size, 0)
  return [
    ...(left > 0 ? [onHost(`rm -f ${facts.dir}/blobs/sha256/*.part`)] : []),
    ...(left > 0 ? [] : [onHost('sudo journalctl --vacuum-size=100M; sudo apt-get clean')]),
  ]
}

export const loadRules: readonly Rule[] = [
  {
    kind: 'no-memory-limits',
    find: ofHost(({ host }) =>
      limitsMemory(host)
        ? undefined
        : {
            what: 'no container has a memory limit: one that grows takes all down',
            evidence: `/proc/cgroups or docker info: memory off; /proc/cmdline: ${/cgroup_\S+/.exec(host.diagnosis.cmdline)?.[0] ?? 'no cgroup_enable=memory'}`,
            cause: 'the kernel of a Raspberry Pi starts without the memory control group unless it is told',
            repair: [
              onHost(
                "f=/boot/firmware/cmdline.txt; [ -e $f ] || f=/boot/cmdline.txt; grep -q cgroup_enable=memory $f || sudo sed -i '1 s/$/ cgroup_enable=memory cgroup_memory=1/' $f; sudo reboot",
              ),
            ],
          },
    ),
  },
  {
    kind: 'host-memory',
    find: ofHost((facts) => {
      const { memory } = facts.host
      if (memory === undefined || memory.available / memory.total >= 0.1) return undefined
      const { total, available, swapFree, swapTotal } = memory
      const other = foreignProcess(facts, ({ rss }) => rss / total >= 0.1)
      return {
        what: `${bytes(available)} of ${bytes(total)} of memory are left`,
        evidence: `/proc/meminfo: MemAvailable ${bytes(available)}, SwapFree ${bytes(swapFree)} of ${bytes(swapTotal)}`,
        cause: `${other === undefined ? 'the containers' : `the containers and ${other.args.slice(0, 80)}`} take more than there is`,
        repair: other === undefined ? [] : [onHost(`sudo kill ${other.pid}`)],
      }
    }),
  },
  {
    kind: 'swapping',
    find: ofHost(({ host }) =>
      host.diagnosis.swapping < 250
        ? undefined
        : {
            what: 'it moves memory to the disk and back',
            evidence: `/proc/vmstat: ${host.diagnosis.swapping} pages through swap while we looked; ${bytes((host.memory?.swapTotal ?? 0) - (host.memory?.swapFree ?? 0))} in use`,
            cause: 'more memory is used than there is; each access to what was moved waits for the disk',
            repair: [onHost('ps -A -o rss= -o pid= -o args= | sort -rn | head -n 5')],
          },
    ),
  },
  {
    kind: 'disk-full',
    find: (facts) =>
      facts.host.disks
        .filter(({ size, free }) => size > 0 && free / size < 0.08)
        .map((disk) => {
          const left = facts.host.diagnosis.leftovers.reduce((sum, { size }) => sum + size, 0)
          return {
            subject: 'host',
            what: `${disk.mount} is full: ${bytes(disk.free)} of ${bytes(disk.size)} are free`,
            evidence: `df: ${disk.device} ${percent(1 - disk.free / disk.size)} used${left > 0 ? `; transfers that did not end: ${bytes(left)}` : ''}`,
            cause:
              left > 0
                ? 'what was left of transfers that did not end takes room'
                : 'recordings, images, backups or the host’s own logs take more than there is',
            repair: roomRepairs(facts),
          }
        }),
  },
  {
    kind: 'disk-no-inodes',
    find: ({ host }) =>
      host.disks
        .filter(({ inodesUsed = 0 }) => inodesUsed >= 0.95)
        .map((disk) => ({
          subject: 'host',
          what: `${disk.mount} has no room for more files`,
          evidence: `df -i: ${percent(disk.inodesUsed ?? 0)} of inodes used`,
          cause: 'very many small files',
          repair: [onHost(`sudo find ${disk.mount} -xdev -type d -size +1000k`)],
        })),
  },
  {
    kind: 'slow-disk',
    find: ofHost(({ host }) => {
      const slow = host.diagnosis.waits.find(({ ms, operations }) => ms >= 200 && operations >= 10)
      if (slow === undefined && (host.diagnosis.ioPressure ?? 0) < 40) return undefined
      return {
        what: 'its disk is slow',
        evidence:
          slow === undefined
            ? `/proc/pressure/io: something waited for the disk in ${host.diagnosis.ioPressure} % of the last 10 s`
            : `/proc/diskstats: ${slow.device} took ${Math.round(slow.ms)} ms for each of ${slow.operations} operations`,
        cause: 'it is overloaded, wears out, or hangs on a slow line (USB 2, an SD card)',
        repair: [onHost(`sudo smartctl -H /dev/${slow?.device ?? 'nvme0n1'}`)],
      }
    }),
  },
  {
    kind: 'load',
    find: ofHost((facts) => {
      const { load: [, load] = [0, 0], cpus = 1 } = facts.host
      if (load <= cpus * 2) return undefined
      const other = foreignProcess(facts, ({ cpu }) => cpu >= 25)
      return {
        what: `${load} processes want its ${cpus} processors`,
        evidence: `/proc/loadavg: ${load} over five minutes; most: ${facts.host.diagnosis.processes[0] ?? 'unknown'}`,
        cause:
          other === undefined
            ? 'the containers have more work than there is time'
            : `${other.args.slice(0, 80)} works beside them`,
        repair: other === undefined ? [] : [onHost(`sudo renice -n 19 -p ${other.pid}`)],
      }
    }),
  },
]
