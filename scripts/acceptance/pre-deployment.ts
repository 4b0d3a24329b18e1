import { catalog } from '#catalog'
import { errorMessage } from '#common/process/error'
import { collectFacts } from '../host/collect.ts'
import { type HostSession, whoami } from '../host/open.ts'
import { readImagesLock } from '../images/layout/digests-lock.ts'
import { importedPackages } from '../images/verify/imported.ts'
import { ownSecrets } from '../images/verify/own-secrets.ts'
import type { Outcome } from '../images/verify/report.ts'
import { findScanner } from '../images/verify/scan.ts'
import { verifyImages } from '../images/verify/verify.ts'
import { homeFrom, repository } from '../platform/home.ts'
import { assemble } from '../release/content/assemble.ts'
import { readCheckout, readOrigin } from '../release/content/checkout.ts'
import { checkSignature } from '../release/content/signature.ts'
import { inspectDeep } from '../release/host/deep-facts.ts'
import { observeHost, readRelease } from '../release/host/observe.ts'
import { preflight } from '../release/host/preflight.ts'
import { listSecrets } from '../release/run/prepare.ts'
import { findTool } from '../release/run/supply.ts'
import { checkoutRows } from './checkout-rows.ts'
import { fail, notRun, pass, type Row } from './row.ts'
import type { Report } from './run-tests.ts'

/** How many breaches of one rule a row names; verify:images names all. */
const NAMED = 3

/** A rule of verify:images as rows: what is broken, else what was not run, else that it holds. */
export const rowsOf = ({ rule, promise, checked, breaches, notRun: why }: Outcome): readonly Row[] => {
  if (breaches.length > 0) {
    const more = breaches.length - NAMED
    const named = breaches.slice(0, NAMED).join('; ')
    return [fail(rule, 'images', more > 0 ? `${named}; and ${more} more (bun run verify:images)` : named)]
  }
  return [why === undefined ? pass(rule, 'images', `${promise} (${checked})`) : notRun(rule, 'images', why)]
}

export type PreDeployment = {
  /** dist/images */ readonly dist: string
  /** Key that must have signed the images, hex. */
  readonly trusted: string | undefined
  /** The host that they are for, if one was named. */
  readonly opened: HostSession | undefined
  /** Folder of the env files; the checkout's own unless given. */
  readonly envFolder: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

const imageRows = async ({ dist, trusted, env }: PreDeployment, { doing }: Report): Promise<readonly Row[]> => {
  const services = Object.keys(catalog)
  const { outcomes } = await verifyImages({
    images: dist,
    lock: readImagesLock(dist),
    only: [],
    expected: services,
    listening: new Set(services),
    imported: (service) => importedPackages(repository, service),
    ownSecrets: ownSecrets(homeFrom(env).secrets),
    scanner: findScanner(env),
    ...(trusted !== undefined && { trusted }),
    onProgress: (service) => doing(`reading ${service}`),
  })
  return outcomes.flatMap(rowsOf)
}

/** The preflight of deploy:pi, a row a check. */
const hostRows = async (
  { shell, target }: HostSession,
  { dist, trusted, envFolder }: PreDeployment,
): Promise<readonly Row[]> => {
  const observed = await observeHost(shell, target.dir)
  const current = observed.current === undefined ? undefined : await readRelease(shell, target.dir, observed.current)
  const host = await collectFacts(shell, target.dir, 'preflight', { secrets: await listSecrets(current) })
  const { engine } = host
  if (engine.is !== 'up')
    return [
      fail(
        'preflight: engine',
        shell.name,
        `no Docker engine answers: ${engine.is === 'down' ? engine.why : 'docker is not installed'}`,
      ),
    ]
  const { parts, placeholders } = await readCheckout({
    root: repository,
    dist,
    platform: engine.platform,
    dir: target.dir,
    repository: undefined,
    env: envFolder,
  })
  const signed = checkSignature(dist, trusted ?? host.readiness.signer)
  const { release } = assemble(parts, {
    ...readOrigin(repository),
    madeBy: whoami(),
    madeAt: Date.now(),
    signer: signed.signer,
  })
  return preflight({
    host,
    deep: await inspectDeep(shell, host, { dir: target.dir, image: findTool(current ?? release) }),
    release,
    current,
    signature: signed.fault,
    placeholders,
    dir: target.dir,
  }).map(({ check, detail, findings }) =>
    findings.length === 0
      ? pass(`preflight: ${check}`, shell.name, detail)
      : fail(
          `preflight: ${check}`,
          shell.name,
          findings.map(({ evidence, remedy }) => `${evidence}: ${remedy}`).join('; '),
        ),
  )
}

/** Rows, or one that says why there are none: what is missing for one part is no reason to leave out the others. */
const section = async (
  check: string,
  subject: string,
  work: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> => {
  try {
    return await work()
  } catch (error) {
    return [fail(check, subject, errorMessage(error))]
  }
}

/** What can be known before anything is deployed: images, files of the checkout, and the host when one is named. */
export const testPreDeployment = async (wanted: PreDeployment, report: Report): Promise<void> => {
  const { add, doing } = report
  doing('deriving')
  add(...(await section('checkout', 'checkout', () => checkoutRows(repository, wanted.envFolder))))
  doing('reading images')
  add(...(await section('images', wanted.dist, () => imageRows(wanted, report))))
  const { opened } = wanted
  if (opened === undefined) return add(notRun('preflight', 'host', 'no host was named (--host)'))
  doing(`looking at ${opened.shell.name}`)
  add(...(await section('preflight', opened.shell.name, () => hostRows(opened, wanted))))
}
