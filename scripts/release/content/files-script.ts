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

/**
 * Files of a release: complete under another name first, then renamed into place. What is there and as it must be stays;
 * what was changed by hand or went bad on the disk is replaced.
 */
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
    `if [ ! -f ${quote(`${whole}/release.json`)} ] || ! ${checked(listChecksums(release))}`,
    'then',
    `rm -rf ${quote(part)} ${quote(old)}; mkdir ${quote(part)}`,
    ...Object.entries(files).map(([name, text]) => hereDocument(`${part}/${name}`, text)),
    hereDocument(`${part}/release.json`, `${JSON.stringify(release)}\n`),
    'sync',
    `[ ! -e ${quote(whole)} ] || mv ${quote(whole)} ${quote(old)}`,
    `mv ${quote(part)} ${quote(whole)}`,
    'sync',
    `rm -rf ${quote(old)}`,
    'fi',
  ].join('\n')
}
