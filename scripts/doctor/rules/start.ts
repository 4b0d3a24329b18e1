import type { Facts } from '../facts.ts'
import { type Fault, recover } from '../finding.ts'
import {
  aboutService,
  fromBackup,
  isFine,
  isSecret,
  matchContainers,
  nameServices,
  type PresentPair,
  type Rule,
  selectPresent,
} from './rule.ts'
import { endedForms } from './start-ended.ts'
import { DEPLOY, type Form } from './start-form.ts'
import { refusedForms } from './start-refused.ts'
import { unwellForms } from './start-unwell.ts'

/** A container that does not start, or does not stay. */

/** In this order: the more a form says, the earlier it is asked. */
const forms: readonly Form[] = [...refusedForms, ...endedForms, ...unwellForms]

/** What is told of a container that is not well: the first form that fits. */
const findForm = (one: PresentPair, facts: Facts): readonly [string, Fault] | undefined => {
  for (const { kind, of } of forms) {
    const found = of(one, facts)
    if (found !== undefined) return [kind, aboutService(one, found)]
  }
  return undefined
}

const formRule = (kind: string): Rule => ({
  kind,
  find: (facts) =>
    selectPresent(facts)
      .filter((one) => !isFine(one))
      .flatMap((one) => {
        const found = findForm(one, facts)
        return found !== undefined && found[0] === kind ? [found[1]] : []
      }),
})

export const startRules: readonly Rule[] = [
  {
    kind: 'no-image',
    find: (facts) =>
      Object.entries(facts.images)
        .filter(([, platform]) => platform === undefined)
        .map(([image]) => ({
          subject: image,
          what: `the image of ${nameServices(facts, ({ image: its }) => its === image)} is not on the host`,
          evidence: `No such image: ${image}`,
          cause: 'it was removed, or never came whole; a container that runs from it could not be made again',
          repair: [DEPLOY],
        })),
  },
  {
    kind: 'no-file',
    find: (facts) =>
      Object.entries(facts.files).flatMap(([path, file]) => {
        if (file.kind === 'unknown' || file.kind === 'file') return []
        const secret = isSecret(facts, path)
        return {
          subject: path,
          what: `${secret ? 'a secret' : 'a file'} of ${nameServices(facts, ({ files }) => files.some((one) => one.path === path))} ${file.kind === 'missing' ? 'is not there' : 'is no file'}`,
          evidence:
            file.kind === 'missing' ? `ls: ${path}: No such file or directory` : `ls: ${path} is a ${file.kind}`,
          cause: secret
            ? 'it was removed; a new one is not the old one, so it comes from a backup where there is one'
            : 'it was removed from the host',
          repair: secret && facts.host.diagnosis.backups ? fromBackup(facts, path) : [DEPLOY],
        }
      }),
  },
  {
    kind: 'changed-file',
    find: ({ host: { changedFiles = [] } }) =>
      changedFiles.map((name) => ({
        subject: `file:${name}`,
        what: 'this file of the release is not as it was brought',
        evidence: `cmp: ${name} differs from its copy in .kept`,
        cause: 'it was changed by hand: whoever starts the stack by it starts something else than the release',
        repair: [DEPLOY],
      })),
  },
  {
    kind: 'never-made',
    find: (facts) =>
      matchContainers(facts)
        .filter(({ container }) => container === undefined)
        .map(({ expected }) => ({
          subject: expected.name,
          what: 'has no container',
          evidence: `No such container: ${expected.container}`,
          cause: 'it was removed, or a deployment did not get so far',
          repair: [recover('service', expected.name)],
        })),
  },
  ...forms.map(({ kind }) => formRule(kind)),
]
