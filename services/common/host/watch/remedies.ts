import type { HostFacts } from '../facts/host-facts.ts'
import type { ServiceView } from './service-view.ts'

/** Commands of the kind that one types on the host, from what is known of it. */

/** A name for a command line: whatever else it holds came from outside, and nobody shall paste it. */
export const word = (text: string, instead: string): string => (/^[\w./-]+$/.test(text) ? text : instead)

const containerName = ({ container, expected, service }: ServiceView): string =>
  word(container?.name ?? expected?.container ?? service, 'CONTAINER')

/** The end of its log. */
export const logs = (view: ServiceView): string => `docker logs --tail 50 ${containerName(view)}`

/** Its log, where a service that answers wrongly or not at all keeps it. */
export const lookInside = (view: ServiceView): string => {
  if (view.container !== undefined) return `${logs(view)}; docker restart ${containerName(view)}`
  return view.facts === undefined ? `bun run logs ${word(view.service, 'SERVICE')}` : startAgain(view)
}

/** Makes its container from the release that is on the host. */
export const startAgain = ({ facts, expected, stack }: ServiceView): string => {
  const file = releaseFile(facts, `compose.${stack}.yaml`)
  return file === undefined || expected === undefined
    ? `bun run deploy:pi --stage ${word(stack, 'STACK')}`
    : `docker compose -f ${file} up -d ${expected.service}`
}

const releaseFile = (facts: HostFacts | undefined, name: string): string | undefined => {
  if (facts?.dir === undefined || facts.release === undefined) return undefined
  const path = `${facts.dir}/releases/${facts.release}/${name}`
  return word(path, '') || undefined
}
