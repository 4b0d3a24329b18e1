import { quote } from '../../host/quote.ts'
import type { Bundle, Release } from './release.ts'

/** A file of a script's own text: its mark is a line that no file holds. */
const hereDocument = (path: string, text: string): string => {
  const mark = `lucid-${crypto.randomUUID()}`
  const body = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `cat > ${quote(path)} <<'${mark}'\n${body}${mark}`
}

type Checksums = Readonly<Record<string, string>>

/** True in sh when each file under DIR is there and has its sha256; from DIR. */
const checked = (sums: Checksums): string =>
  [
    "sha256sum --check --status <<'SUMS' 2>/dev/null",
    ...Object.entries(sums).map(([path, sum]) => `${sum}  ${path}`),
    'SUMS',
  ].join('\n')

const listChecksums = ({ id, files }: Pick<Release, 'id' | 'files'>): Checksums =>
  Object.fromEntries(Object.entries(files).map(([name, sum]) => [`releases/${id}/${name}`, sum]))

/** Ends with 0 only when the files of a release are on the host as they were made; release.json names their sums itself. */
export const checkScript = (dir: string, release: Pick<Release, 'id' | 'files' | 'support'>): string =>
  [`cd ${quote(dir)} || exit 1`, checked({ ...listChecksums(release), ...release.support })].join('\n')

/** Where the copy of a Compose file of a release lies, from which it is put right when it was changed by hand. */
export const keptPath = (path: string): string => path.replace(/[^/]+$/, '.kept/$&')

const keptSums = (release: Pick<Release, 'id' | 'files'>): Checksums =>
  Object.fromEntries(Object.entries(listChecksums(release)).map(([path, sum]) => [keptPath(path), sum]))

/** Restores Compose files from their copies, or makes copies. Ends with 0 when all files are as they were made. */
export const mendScript = (dir: string, release: Pick<Release, 'id' | 'files' | 'support'>): string =>
  [
    `cd ${quote(dir)} || exit 1`,
    ...Object.entries(listChecksums(release)).flatMap(([path, sum]) => [
      `if ! ${checked({ [path]: sum })}`,
      'then',
      `if ${checked({ [keptPath(path)]: sum })}`,
      `then cp ${quote(keptPath(path))} ${quote(`${path}.part`)} && sync && mv -f ${quote(`${path}.part`)} ${quote(path)} && printf '%s\\n' ${quote(path)}`,
      'fi',
      // As a release that an older deployer brought.
      `elif ! ${checked({ [keptPath(path)]: sum })}`,
      `then mkdir -p ${quote(`releases/${release.id}/.kept`)} && cp ${quote(path)} ${quote(keptPath(path))}`,
      'fi',
    ]),
    checkScript(dir, release),
  ].join('\n')

/** Ends with 1 and says why, unless a Compose file of a release is there as it was made. */
export const guardScript = (dir: string, { id, files }: Pick<Release, 'id' | 'files'>, name: string): string =>
  [
    `cd ${quote(dir)} || exit 1`,
    `if ! ${checked({ [`releases/${id}/${name}`]: files[name] ?? '' })}`,
    'then',
    `echo ${quote(`releases/${id}/${name} is not as it was made, so it is not used: bun run deploy:pi`)} >&2; exit 1`,
    'fi',
  ].join('\n')

/** Files of a release, each whole and with a copy beside it; what was changed by hand or went bad is replaced. */
export const filesScript = (dir: string, { release, files, support }: Bundle): string => {
  const whole = `releases/${release.id}`
  const part = `releases/.${release.id}.part`
  const old = `releases/.${release.id}.old.part`
  return [
    'set -e',
    `cd ${quote(dir)}`,
    'mkdir -p releases files deploy',
    'chmod 755 . files',
    ...Object.entries(support).flatMap(([path, text]) => {
      const folder = path.slice(0, path.lastIndexOf('/'))
      return [
        `if ! ${checked({ [path]: release.support[path] ?? '' })}`,
        'then',
        `mkdir -p ${quote(folder)}; chmod 755 ${quote(folder)}`,
        hereDocument(`${path}.part`, text),
        `chmod 444 ${quote(`${path}.part`)}; mv -f ${quote(`${path}.part`)} ${quote(path)}`,
        'fi',
      ]
    }),
    hereDocument('deploy/signer.new', release.signer),
    'mv -f deploy/signer.new deploy/signer',
    `if [ ! -f ${quote(`${whole}/release.json`)} ] || ! ${checked({ ...listChecksums(release), ...keptSums(release) })}`,
    'then',
    `rm -rf ${quote(part)} ${quote(old)}; mkdir ${quote(part)}`,
    `mkdir ${quote(`${part}/.kept`)}`,
    ...Object.entries(files).map(([name, text]) => hereDocument(`${part}/${name}`, text)),
    ...Object.keys(files).map((name) => `cp ${quote(`${part}/${name}`)} ${quote(`${part}/.kept/${name}`)}`),
    hereDocument(`${part}/release.json`, `${JSON.stringify(release)}\n`),
    'sync',
    `[ ! -e ${quote(whole)} ] || mv ${quote(whole)} ${quote(old)}`,
    `mv ${quote(part)} ${quote(whole)}`,
    'sync',
    `rm -rf ${quote(old)}`,
    'fi',
  ].join('\n')
}
