import { type ImagesLock, sortedJson } from './lock.ts'

type Named = Readonly<Record<string, { readonly version: string } & object>>

const changes = (where: string, before: Named, after: Named): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((name) => {
    const [old, now] = [before[name], after[name]]
    if (old === undefined) return [`${where} ${name}: new, ${now?.version}`]
    if (now === undefined) return [`${where} ${name}: gone (was ${old.version})`]
    if (old.version !== now.version) return [`${where} ${name}: ${old.version} -> ${now.version}`]
    return sortedJson(old) === sortedJson(now) ? [] : [`${where} ${name}: ${now.version} has other contents or needs`]
  })

/** What differs in what images are made of, one line each; suites, signed anew without change, are not looked at. */
export const lockDifference = (before: ImagesLock | undefined, after: ImagesLock): readonly string[] => [
  ...changes('amd64', before?.debian.amd64 ?? {}, after.debian.amd64),
  ...changes('arm64', before?.debian.arm64 ?? {}, after.debian.arm64),
  ...changes('npm', before?.npm ?? {}, after.npm),
]
