import { HEALTH_COMMAND } from '../../derive/compose.ts'
import { MEDIA } from '../format/oci.ts'
import { BUDGET, megabytes } from './budget.ts'
import type { Fact } from './facts.ts'
import { missingLibraries } from './libraries.ts'
import { type Banned, bannedByName } from './programs.ts'
import { lookUp, type Root } from './root.ts'
import { sbomGaps } from './sbom.ts'
import { findSecrets } from './secrets.ts'
import type { Subject } from './subject.ts'

/** A promise of every image; `broken` answers what breaks it, in sentences. Empty is kept. Pure. */
export type Rule = {
  readonly name: string
  readonly promise: string
  readonly broken: (subject: Subject) => readonly string[]
}

const USER = /^65532(?::65532)?$/

const SETUID = 0o4000
const SETGID = 0o2000
const STICKY = 0o1000
const WORLD_WRITE = 0o002
const ANY_EXECUTE = 0o111

/** Every entry of every layer, those too that a later layer hides: they are shipped all the same. */
const everything = ({ layers }: Subject): readonly Fact[] => layers.flatMap(({ facts }) => facts)

const at = ({ path }: Fact): string => `/${path}`

const bannedIn = (subject: Subject, kind: Banned): readonly string[] =>
  everything(subject).flatMap((fact) => {
    if (fact.type === 'folder') return []
    const runs = fact.type === 'link' || (fact.mode & ANY_EXECUTE) !== 0
    const named = bannedByName(fact.path, { runs }) === kind ? [`${at(fact)} is called like one`] : []
    const inside = fact.banned.filter(({ banned }) => banned === kind)
    return [...named, ...inside.map(({ program }) => `${at(fact)} is ${program}`)]
  })

const scripts = (subject: Subject): readonly string[] =>
  everything(subject).flatMap((fact) =>
    fact.script === undefined ? [] : [`${at(fact)} is a script for ${fact.script || 'nothing'}`],
  )

const special = (fact: Fact): readonly string[] => {
  const says = (what: string) => `${at(fact)} ${what}`
  return [
    ...((fact.mode & SETUID) !== 0 ? [says('is setuid')] : []),
    ...((fact.mode & SETGID) !== 0 ? [says('is setgid')] : []),
    ...(fact.type === 'file' && (fact.mode & WORLD_WRITE) !== 0 ? [says('can be written by anybody')] : []),
    ...(fact.type === 'folder' && (fact.mode & (WORLD_WRITE | STICKY)) === WORLD_WRITE
      ? [says('is a folder that anybody can change')]
      : []),
    ...fact.attributes
      .filter((name) => name === 'security.capability')
      .map(() => says('gives capabilities to whoever runs it')),
  ]
}

/** A command that must be there as words, of which the first is a program and the absolute ones are files. */
const execForm = (what: string, words: readonly string[] | null | undefined, root: Root): readonly string[] => {
  const [program, ...rest] = words ?? []
  if (program === undefined) return [`there is no ${what}`]
  if (!program.startsWith('/')) return [`the ${what} begins with ${program}, which has to be searched for`]
  const found = lookUp(root, program)
  if (found === undefined || found.type !== 'file') return [`the ${what} starts ${program}, which is not there`]
  return [
    ...((found.mode & ANY_EXECUTE) === 0 ? [`the ${what} starts ${program}, which cannot be run`] : []),
    ...rest
      .filter((word) => word.startsWith('/') && lookUp(root, word) === undefined)
      .map((word) => `the ${what} names ${word}, which is not there`),
  ]
}

const healthCheck = ({ config: { config = {} }, root, listens }: Subject): readonly string[] => {
  const [form, ...words] = config.Healthcheck?.Test ?? []
  if (form === undefined) return listens ? ['there is no health check'] : []
  if (form !== 'CMD') return [`the health check has the form ${form}: only CMD needs no shell`]
  // Compose replaces the image's own; what it will run must be there as well.
  return [
    ...execForm('health check', words, root),
    ...execForm('health check of Compose', HEALTH_COMMAND.slice(1), root),
  ]
}

const environment = ({ config: { config = {} } }: Subject): readonly string[] =>
  (config.Env ?? []).flatMap((line) => {
    const [key = '', value = ''] = line.split(/=(.*)/s)
    const named = /KEY|SECRET|PASSWORD|TOKEN|MNEMONIC/.test(key) && !key.endsWith('_FILE') && value !== ''
    return [
      ...(named ? [`the environment sets ${key}`] : []),
      ...findSecrets(Buffer.from(line), new Map()).map((what) => `the environment holds ${what}`),
    ]
  })

/** Native addons and Debian packages lie in layers of their own, so no app layer is excused. */
const appLayer = ({ layers }: Subject): readonly string[] =>
  layers
    .filter(({ facts, size }) => size > BUDGET.app && facts.some(({ path }) => path === 'app/main.js'))
    .map(({ size }) => `the app layer has ${megabytes(size)}, more than ${megabytes(BUDGET.app)}`)

/** What every image must be (SPEC sections 2 and 10). */
export const rules: readonly Rule[] = [
  {
    name: 'whole',
    promise: 'every layer is what its digests say and can be unpacked',
    broken: ({ layers, config }) => [
      ...layers.flatMap(({ digest, faults }) => faults.map((fault) => `layer ${digest.slice(0, 19)}: ${fault}`)),
      ...(config.rootfs.diff_ids.length === layers.length
        ? []
        : [`the configuration speaks of ${config.rootfs.diff_ids.length} layers, the manifest of ${layers.length}`]),
      ...layers.flatMap(({ diffId }, index) =>
        diffId !== undefined && diffId !== config.rootfs.diff_ids[index]
          ? [`layer ${index} unpacks to ${diffId.slice(0, 19)}, which the configuration does not say`]
          : [],
      ),
    ],
  },
  {
    name: 'loadable',
    promise: 'every engine can load it: gzip layers, and the platform that it says it is for',
    broken: ({ layers, config, platform }) => [
      ...layers
        .filter(({ mediaType }) => mediaType !== MEDIA.layer)
        .map(({ mediaType }) => `a layer is ${mediaType}, which Docker 20.10 does not load`),
      ...(`${config.os}/${config.architecture}` === platform
        ? []
        : [`the configuration says ${config.os}/${config.architecture}`]),
    ],
  },
  {
    name: 'no shell',
    promise: 'no layer holds a shell or a script, by name or by content',
    broken: (subject) => [...bannedIn(subject, 'shell'), ...scripts(subject)],
  },
  {
    name: 'no package manager',
    promise: 'no layer holds a package manager, by name or by content',
    broken: (subject) => bannedIn(subject, 'package manager'),
  },
  {
    name: 'user',
    promise: 'it runs as 65532 and never as root',
    broken: ({ config: { config = {} } }) =>
      USER.test(config.User ?? '') ? [] : [`the user is '${config.User ?? ''}' and not 65532:65532`],
  },
  {
    name: 'rights',
    promise: 'no file is setuid, setgid, has capabilities or can be written by anybody',
    broken: (subject) => everything(subject).flatMap(special),
  },
  {
    name: 'plain files',
    promise: 'there are files, folders and links only: no devices and no pipes',
    broken: (subject) =>
      everything(subject)
        .filter(({ type }) => type === 'device' || type === 'pipe')
        .map((fact) => `${at(fact)} is a ${fact.type}`),
  },
  {
    name: 'no secret',
    promise: 'no layer and no setting holds a secret, this machine’s own neither',
    broken: (subject) => [
      ...everything(subject).flatMap((fact) => fact.secrets.map((what) => `${at(fact)} holds ${what}`)),
      ...environment(subject),
    ],
  },
  {
    name: 'exec form',
    promise: 'entry point and health check are words, and what they name is there',
    broken: (subject) => [
      ...execForm('entry point', subject.config.config?.Entrypoint, subject.root),
      ...healthCheck(subject),
    ],
  },
  {
    name: 'libraries',
    promise: 'every program and library finds all that it needs, for its own machine',
    broken: ({ root, platform }) => missingLibraries(root, platform),
  },
  { name: 'app size', promise: `an app layer has at most ${megabytes(BUDGET.app)}`, broken: appLayer },
  {
    name: 'SBOM',
    promise: 'the SBOM lists every Debian package, every imported npm package and Bun, with licences',
    broken: sbomGaps,
  },
]
