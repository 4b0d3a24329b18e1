/**
 * A service in a process of its own, for main.test.ts: `MODE=... bun main.fixture.ts`. It is called
 * merkle-builder, since a name must be in the catalogue.
 */
import { Type } from '@sinclair/typebox'
import { t } from 'elysia'
import { serviceEnv } from '../process/env.ts'
import { Fault } from '../process/fault.ts'
import { readBody } from '../stream/request-body.ts'
import { start } from './main.ts'
import { service } from './service.ts'

const modes = ['normal', 'broken-build', 'broken-close', 'store-goes-away'] as const
const Env = serviceEnv('merkle-builder', {
  MODE: Type.Union(
    modes.map((mode) => Type.Literal(mode)),
    { default: 'normal', description: 'what goes wrong' },
  ),
})

let builds = 0

await start('merkle-builder', Env, async ({ env, log, parts, openStore, onStop }) => {
  if (env.MODE === 'broken-build') throw new Error('the build is broken')
  const store = await openStore({ collections: [], migrations: [] })
  onStop(() => log.info('closed', { part: 'first' }))
  if (env.MODE === 'store-goes-away' && ++builds <= 2)
    throw new Fault('unavailable', 'store-away', 'the database does not answer')
  onStop(() => {
    if (env.MODE === 'broken-close') throw new Error('the close is broken')
    log.info('closed', { part: 'second' })
  })
  const publicRoutes = ['GET /after/:signals', 'GET /crash', 'GET /reject', 'POST /up', 'POST /json']
  const streamRoutes = ['POST /up']
  return (
    service('merkle-builder', { ...parts, publicRoutes, streamRoutes, checks: { store: () => store.ping() } })
      // Answers only after so many signals have come.
      .get('/after/:signals', async ({ params }) => {
        const signalled = Promise.withResolvers<void>()
        let signals = 0
        process.on('SIGTERM', () => {
          log.info('signalled')
          if (++signals === Number(params.signals)) setTimeout(signalled.resolve, 20)
        })
        log.info('waiting')
        await signalled.promise
        await store.ping()
        return 'answered'
      })
      .post(
        '/up',
        async ({ request }) => {
          for await (const _ of readBody(request)) log.info('waiting')
          return 'whole'
        },
        { parse: 'none' },
      )
      .post('/json', ({ body }) => body.text, { body: t.Object({ text: t.String() }) })
      .get('/crash', () => {
        setTimeout(() => {
          throw new Error('thrown by nobody')
        }, 0)
        return 'soon'
      })
      .get('/reject', () => {
        void Promise.reject(new Error('rejected by nobody'))
        return 'soon'
      })
  )
})
