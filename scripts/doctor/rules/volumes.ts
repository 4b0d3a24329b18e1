import { bytes } from '#common/cli/format'
import { parseMark } from '#common/host/facts/marked-volumes'
import { parseJson } from '#common/host/facts/values'
import { judgeMark } from '#common/host/volume-rules'
import type { Facts } from '../facts.ts'
import { onHost, recover } from '../finding.ts'
import { fromBackup, matchContainers, type Rule } from './rule.ts'

/** Rights and room of volumes, secrets and mounted files. */

/** Services by the volume that they mount, with the uid that must own it. */
const selectUsers = (facts: Facts, volume: string) =>
  Object.values(facts.expected?.services ?? {}).filter(({ volumes }) => volumes.some(({ name }) => name === volume))

const listWalks = (facts: Facts) =>
  Object.values(facts.walked).map((walk) => {
    const [user] = selectUsers(facts, walk.name)
    return { walk, uid: user?.uid ?? 0, names: selectUsers(facts, walk.name).map(({ name }) => name) }
  })

const octal = (mode: number) => mode.toString(8).padStart(4, '0')

/** Everybody's: a file that all services mount, or a folder that all may read. */
const isReadable = (mode: string): boolean => mode[6] === 'r'

type Mounted = { readonly service: string; readonly uid: number; readonly path: string; readonly secret: boolean }

const listMounted = (facts: Facts): readonly Mounted[] => {
  const all = matchContainers(facts).flatMap(({ expected }) =>
    expected.files.map(({ path, secret }) => ({ service: expected.name, uid: expected.uid, path, secret })),
  )
  return all.filter(({ path }, index) => all.findIndex((one) => one.path === path) === index)
}

export const volumeRules: readonly Rule[] = [
  {
    kind: 'no-volume',
    find: (facts) =>
      (facts.expected?.volumes ?? [])
        .filter((name) => !facts.host.readiness.volumes.includes(name))
        .filter((name) =>
          selectUsers(facts, name).some((expected) =>
            matchContainers(facts).some((pair) => pair.expected === expected),
          ),
        )
        .map((name) => ({
          subject: name,
          what: `the volume of ${selectUsers(facts, name)
            .map((user) => user.name)
            .join(', ')} is not there`,
          evidence: `No such volume: ${name}`,
          cause: facts.host.diagnosis.backups
            ? 'it was removed; the newest backup has it'
            : 'it was removed, and there is no backup here: what was in it is lost',
          repair: [facts.host.diagnosis.backups ? recover('volume', name) : recover('volume', name, '--empty')],
        })),
  },
  {
    kind: 'lost-volume',
    find: (facts) =>
      listWalks(facts).flatMap(({ walk: { name, mark, entries }, names }) => {
        const about = { installation: facts.host.installation, committed: facts.expected?.volumes ?? [] }
        const rest = entries - (mark === '' ? 0 : 1)
        const volume = { name, mark: mark === '' ? 'none' : parseMark(parseJson(mark)), entries: rest } as const
        const last = rest === 0 ? '--empty' : '--adopt'
        return judgeMark(volume, about).map(({ evidence }) => ({
          subject: name,
          what: `is not the volume that ${names.join(', ')} had`,
          evidence,
          cause: `it was removed, emptied or replaced; ${facts.host.diagnosis.backups ? 'the newest backup has it' : `there is no backup here: ${last} goes on with what is in it now`}`,
          repair: [facts.host.diagnosis.backups ? recover('volume', name) : recover('volume', name, last)],
        }))
      }),
  },
  {
    kind: 'read-only-disk',
    find: ({ host }) =>
      host.disks
        .filter(({ readOnly }) => readOnly === true)
        .map((disk) => ({
          subject: 'host',
          what: `${disk.mount} can only be read`,
          evidence: `/proc/mounts: ${disk.device} ${disk.mount} ro`,
          cause: 'the kernel found an error on it (dmesg says which), or it was mounted so',
          repair: [onHost(`sudo mount -o remount,rw ${disk.mount}`)],
        })),
  },
  {
    kind: 'read-only',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk }) => walk.readOnly)
        .map(({ walk, names }) => ({
          subject: walk.name,
          what: `${names.join(', ')} cannot write to it`,
          evidence: `/proc/self/mountinfo: ${walk.name} ro`,
          cause:
            'its file system can only be read: the disk failed, or the volume was made with o=ro; then what is in it has to be moved by hand',
          repair: [],
        })),
  },
  {
    kind: 'wrong-owner',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk, uid }) => walk.uid !== uid)
        .map(({ walk, uid, names }) => ({
          subject: walk.name,
          what: `belongs to uid ${walk.uid}, and ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} uid ${uid}`,
          evidence: `ls -lnd ${walk.name}: ${octal(walk.mode)} ${walk.uid} ${walk.gid}`,
          cause: 'it was made, copied or restored by root or another user',
          repair: [recover('volume-owners', walk.name)],
        })),
  },
  {
    kind: 'foreign-files',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk, uid }) => walk.foreign > 0 && walk.uid === uid)
        .map(({ walk, uid }) => ({
          subject: walk.name,
          what: `${walk.foreign} of ${walk.entries} entries in it are not uid ${uid}’s${walk.cut ? ' (it has more than could be looked at)' : ''}`,
          evidence: walk.foreignPaths.join(', '),
          cause: 'they were put there by another user: by hand, or by a container that ran as root',
          repair: [recover('volume-owners', walk.name)],
        })),
  },
  {
    kind: 'closed',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk, uid }) => walk.uid === uid && ((walk.mode & 0o700) !== 0o700 || walk.closed > 0))
        .map(({ walk }) => ({
          subject: walk.name,
          what: 'its own owner may not use it',
          evidence:
            (walk.mode & 0o700) === 0o700
              ? walk.closedPaths.join(', ')
              : `ls -lnd ${walk.name}: ${octal(walk.mode)} ${walk.uid} ${walk.gid}`,
          cause: 'its permissions were changed by hand',
          repair: [recover('volume-owners', walk.name)],
        })),
  },
  {
    kind: 'full',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk }) => walk.size > 0 && walk.free / walk.size < 0.02)
        .map(({ walk }) => ({
          subject: walk.name,
          what: `is full: ${bytes(walk.free)} of ${bytes(walk.size)} are free`,
          evidence: `largest: ${walk.largest.map(({ path, size }) => `${path} (${bytes(size)})`).join(', ') || 'no files'}`,
          cause: 'what writes to it wrote more than there is room for; evidence is never removed to make room',
          repair: [
            onHost(`sudo du -a "$(docker volume inspect --format '{{.Mountpoint}}' ${walk.name})" | sort -rn | head`),
          ],
        })),
  },
  {
    kind: 'no-inodes',
    find: (facts) =>
      listWalks(facts)
        .filter(({ walk }) => walk.inodes > 0.98)
        .map(({ walk }) => ({
          subject: walk.name,
          what: 'has no room for another file, however small',
          evidence: `df -i: ${Math.round(walk.inodes * 100)} % of inodes used, ${walk.entries} entries in it`,
          cause: 'very many small files',
          repair: [],
        })),
  },
  {
    kind: 'closed-file',
    find: (facts) =>
      listMounted(facts).flatMap(({ service, uid, path, secret }) => {
        const file = facts.files[path]
        if (file?.kind !== 'file' || (file.uid === uid && file.mode[0] === 'r') || isReadable(file.mode)) return []
        return {
          subject: path,
          what: `${service} may not read ${secret ? 'its secret' : 'this file, which it mounts'}`,
          evidence: `ls -ln: ${file.mode} uid ${file.uid}; the service is uid ${uid}`,
          cause: 'the file belongs to another user, or its permissions were changed',
          repair: [recover('secrets')],
        }
      }),
  },
  {
    kind: 'open-secret',
    find: (facts) =>
      listMounted(facts).flatMap(({ service, path, secret }) => {
        const file = facts.files[path]
        if (!secret || file?.kind !== 'file' || !/[rwx]/.test(file.mode.slice(3))) return []
        return {
          subject: path,
          what: `this secret of ${service} can be read by others`,
          evidence: `ls -ln: ${file.mode} uid ${file.uid}`,
          cause: 'the permissions of the file were changed: it should be its service’s alone',
          repair: [recover('secrets')],
        }
      }),
  },
  {
    kind: 'empty-secret',
    find: (facts) =>
      listMounted(facts).flatMap(({ service, path, secret }) => {
        const file = facts.files[path]
        if (!secret || file?.kind !== 'file' || file.size > 0) return []
        return {
          subject: path,
          what: `this secret of ${service} is empty`,
          evidence: 'ls -ln: 0 bytes',
          cause: 'writing it was interrupted, by a full disk or a power cut',
          repair: facts.host.diagnosis.backups ? fromBackup(facts, path) : [],
        }
      }),
  },
]
